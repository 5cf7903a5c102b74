import java.util.*;

class Knapsack {
    record Item(String name, int weight, int value) {}

    private final List<Item> items;

    Knapsack(List<Item> items) {
        this.items = items;
    }

    int best(int capacity) {
        int[] dp = new int[capacity + 1];
        for (Item it : items) {
            for (int c = capacity; c >= it.weight(); c--) {
                dp[c] = Math.max(dp[c], dp[c - it.weight()] + it.value()); // <- 0
            }
        }
        return dp[capacity];
    }
}
