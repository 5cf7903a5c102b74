package io.beacon.metrics;

import java.util.ArrayDeque;
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
    private final int[] tree = new int[CAP + 1];
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
            update(window.removeFirst(), -1);
        }
        window.addLast(v);
        update(v, 1);
        count++;
        listener.percentile(count, current());
    }

    private void update(int value, int delta) {
        for (int i = value + 1; i <= CAP; i += i & -i) {
            tree[i] += delta; // <- hot 44
        }
    }

    private int current() {
        int rank = Math.max(1, (int) Math.ceil(quantile * window.size()));
        int pos = 0;
        for (int step = CAP; step > 0; step >>= 1) {
            if (pos + step <= CAP && tree[pos + step] < rank) { // <- hot 31
                pos += step;
                rank -= tree[pos];
            }
        }
        return pos;
    }

    public long total() {
        return count;
    }
}
