package io.beacon.metrics;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** Keeps the last N response times (milliseconds, capped) and reports a percentile after each. */
public class LatencyMonitor {
    public interface Listener {
        void percentile(long requestNo, int millis);
    }

    private static final int CAP = 1 << 14;
    private final int capacity;
    private final double quantile;
    private final Deque<Integer> window = new ArrayDeque<>();
    private final Listener listener;
    private long count;

    public LatencyMonitor(int capacity, double quantile, Listener listener) {
        this.capacity = capacity;
        this.quantile = quantile;
        this.listener = listener;
    }

    public void onResponse(int millis) {
        int v = Math.max(0, Math.min(millis, CAP - 1));
        if (window.size() == capacity) {
            window.removeFirst();
        }
        window.addLast(v);
        count++;
        listener.percentile(count, current());
    }

    private int current() {
        int[] values = new int[window.size()];
        int n = 0;
        for (Integer w : window) {
            values[n++] = w; // <- cost hot 17
        }
        Arrays.sort(values); // <- cost hot 76
        int rank = (int) Math.ceil(quantile * n) - 1;
        return values[Math.max(0, rank)];
    }

    public long total() {
        return count;
    }
}
