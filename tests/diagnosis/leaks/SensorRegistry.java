package io.brook.client.metrics;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

public final class SensorRegistry {

    public static final class Window {
        final long[] samples;
        int next;

        Window(int size) {
            samples = new long[size]; // <- made 75
        }

        void add(long value) {
            samples[next++ % samples.length] = value;
        }

        double mean() {
            int n = Math.min(next, samples.length);
            return Arrays.stream(samples, 0, n).average().orElse(0);
        }
    }

    public static final class Sensor {
        final String name;
        final Sensor[] parents;
        final Map<String, Window> stats = new ConcurrentHashMap<>();
        final long inactiveAfterMs;
        volatile long lastRecordMs;

        Sensor(String name, long inactiveAfterMs, long now, Sensor... parents) {
            this.name = name;
            this.inactiveAfterMs = inactiveAfterMs;
            this.lastRecordMs = now;
            this.parents = parents;
        }

        public void add(String stat, int size) {
            stats.computeIfAbsent(stat, k -> new Window(size)); // <- made 15
        }

        public void record(long value, long now) {
            lastRecordMs = now;
            for (Window w : stats.values()) {
                w.add(value);
            }
            for (Sensor parent : parents) {
                parent.record(value, now);
            }
        }

        boolean expired(long now) {
            return now - lastRecordMs > inactiveAfterMs;
        }
    }

    private final ConcurrentMap<String, Sensor> sensors = new ConcurrentHashMap<>();
    private final ConcurrentMap<Sensor, List<Sensor>> children = new ConcurrentHashMap<>(); // <- cost
    private final Deque<String> recentlyExpired = new ArrayDeque<>();

    public synchronized Sensor sensor(String name, long inactiveAfterMs, Sensor... parents) {
        Sensor existing = sensors.get(name);
        if (existing != null) {
            return existing;
        }
        Sensor sensor = new Sensor(name, inactiveAfterMs, System.currentTimeMillis(), parents); // <- made 10
        for (Sensor parent : parents) {
            children.computeIfAbsent(parent, k -> new ArrayList<>()).add(sensor); // <- cost
        }
        sensors.put(name, sensor);
        return sensor;
    }

    public synchronized void removeSensor(String name) {
        Sensor sensor = sensors.remove(name); // <- cost
        if (sensor == null) {
            return;
        }
        List<Sensor> below = children.remove(sensor);
        if (below != null) {
            for (Sensor child : new ArrayList<>(below)) {
                removeSensor(child.name);
            }
        }
    }

    public void expire(long now) {
        List<String> dead = new ArrayList<>();
        sensors.forEach((name, sensor) -> {
            if (sensor.expired(now)) {
                dead.add(name);
            }
        });
        for (String name : dead) {
            removeSensor(name);
            recentlyExpired.addLast(name);
            if (recentlyExpired.size() > 100) {
                recentlyExpired.removeFirst();
            }
        }
    }
}
