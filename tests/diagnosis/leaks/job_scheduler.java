package com.acme.jobs;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class JobScheduler implements AutoCloseable {
    public record Outcome(String job, int rows, List<String[]> preview) {
    }

    private final ExecutorService pool = Executors.newFixedThreadPool(4);
    private final Queue<Future<Outcome>> submitted = new ConcurrentLinkedQueue<>(); // <- cost
    private final Set<String> running = new HashSet<>();
    private final Map<String, Integer> lastRows = new TreeMap<>();

    public boolean schedule(String job, Callable<String> query) {
        synchronized (running) {
            if (!running.add(job)) {
                return false;
            }
        }
        Future<Outcome> f = pool.submit(() -> execute(job, query)); // <- made 10
        submitted.add(f); // <- cost
        return true;
    }

    private Outcome execute(String job, Callable<String> query) throws Exception {
        try {
            Outcome outcome = tabulate(job, query.call());
            synchronized (lastRows) {
                lastRows.put(job, outcome.rows());
            }
            return outcome;
        } finally {
            synchronized (running) {
                running.remove(job);
            }
        }
    }

    private static Outcome tabulate(String job, String tsv) {
        String[] lines = tsv.split("\n");
        List<String[]> preview = new ArrayList<>();
        for (String line : lines) {
            if (preview.size() < 200) {
                preview.add(line.split("\t")); // <- made 90
            }
        }
        return new Outcome(job, lines.length, preview);
    }

    public Map<String, Integer> snapshot() {
        synchronized (lastRows) {
            return new TreeMap<>(lastRows);
        }
    }

    @Override
    public void close() throws InterruptedException {
        List<String> failures = new ArrayList<>();
        for (Future<Outcome> f : submitted) {
            try {
                f.get();
            } catch (ExecutionException e) {
                failures.add(String.valueOf(e.getCause()));
            }
        }
        submitted.clear();
        pool.shutdown();
        if (!failures.isEmpty()) {
            System.err.println("failed: " + failures);
        }
    }
}
