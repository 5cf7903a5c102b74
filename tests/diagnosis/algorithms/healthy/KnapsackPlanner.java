package com.cargoplan.load;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Chooses the pallets of greatest value that fit the weight allowance of an aircraft. */
public class KnapsackPlanner {
    public record Pallet(String id, int weight, int value) { }

    private final int allowance;

    public KnapsackPlanner(int allowance) {
        this.allowance = allowance;
    }

    public List<Pallet> choose(List<Pallet> pallets) {
        int n = pallets.size();
        int[][] best = new int[n + 1][allowance + 1];
        for (int i = 1; i <= n; i++) {
            Pallet p = pallets.get(i - 1);
            int[] prev = best[i - 1];
            int[] row = best[i];
            for (int w = 0; w <= allowance; w++) { // <- hot 17
                int value = prev[w];
                if (p.weight() <= w) { // <- hot 20
                    value = Math.max(value, prev[w - p.weight()] + p.value()); // <- hot 39
                }
                row[w] = value; // <- hot 18
            }
        }
        return trace(best, pallets);
    }

    private List<Pallet> trace(int[][] best, List<Pallet> pallets) {
        List<Pallet> chosen = new ArrayList<>();
        int w = allowance;
        for (int i = pallets.size(); i > 0; i--) {
            if (best[i][w] != best[i - 1][w]) {
                Pallet p = pallets.get(i - 1);
                chosen.add(p);
                w -= p.weight();
            }
        }
        Collections.reverse(chosen);
        return chosen;
    }
}
