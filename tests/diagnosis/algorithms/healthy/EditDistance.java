package spell.core;

import java.util.List;

public class EditDistance {
    private int[] previous = new int[64];
    private int[] current = new int[64];

    public int distance(String a, String b) {
        int n = b.length();
        if (previous.length <= n) {
            previous = new int[n * 2 + 1];
            current = new int[n * 2 + 1];
        }
        for (int j = 0; j <= n; j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            current[0] = i;
            char c = a.charAt(i - 1);
            for (int j = 1; j <= n; j++) {
                int replace = previous[j - 1] + (c == b.charAt(j - 1) ? 0 : 1); // <- hot 41
                int edit = Math.min(previous[j], current[j - 1]) + 1; // <- hot 28
                current[j] = Math.min(replace, edit); // <- hot 22
            }
            int[] t = previous;
            previous = current;
            current = t;
        }
        return previous[n];
    }

    public String closest(String word, List<String> candidates) {
        String best = null;
        int bestDistance = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int d = distance(word, candidate);
            if (d < bestDistance) {
                bestDistance = d;
                best = candidate;
            }
        }
        return best;
    }
}
