package com.acme.stats;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

public class LatencyStats {
    private static final int SLOTS = 128;

    static final class Reservoir {
        private final long[] samples = new long[SLOTS]; // <- made 80
        private final LongAdder total = new LongAdder(); // <- made 5
        private int count;

        synchronized void record(long nanos) {
            samples[count++ % SLOTS] = nanos;
            total.add(nanos);
        }

        synchronized long percentile(double p) {
            int n = Math.min(count, SLOTS);
            if (n == 0) {
                return 0;
            }
            long[] sorted = Arrays.copyOf(samples, n);
            Arrays.sort(sorted);
            return sorted[(int) Math.min(n - 1, Math.floor(p * n))];
        }
    }

    private final ConcurrentMap<String, Reservoir> series = new ConcurrentHashMap<>(); // <- cost
    private final ConcurrentMap<Integer, LongAdder> statuses = new ConcurrentHashMap<>();

    public void record(String method, String uri, int status, long nanos) {
        statuses.computeIfAbsent(status, s -> new LongAdder()).increment();
        String name = method + ' ' + trimQuery(uri); // <- made 15
        series.computeIfAbsent(name, n -> new Reservoir()).record(nanos); // <- cost
    }

    private static String trimQuery(String uri) {
        int q = uri.indexOf('?');
        return q < 0 ? uri : uri.substring(0, q);
    }

    public Map<String, Long> slowest(int n) {
        TreeMap<Long, String> ranked = new TreeMap<>();
        for (Map.Entry<String, Reservoir> e : series.entrySet()) {
            ranked.put(e.getValue().percentile(0.99), e.getKey());
            if (ranked.size() > n) {
                ranked.pollFirstEntry();
            }
        }
        Map<String, Long> out = new LinkedHashMap<>();
        ranked.descendingMap().forEach((nanos, name) -> out.put(name, nanos / 1000));
        return out;
    }

    public Map<Integer, Long> statusCounts() {
        Map<Integer, Long> out = new TreeMap<>();
        statuses.forEach((k, v) -> out.put(k, v.sum()));
        return out;
    }
}
