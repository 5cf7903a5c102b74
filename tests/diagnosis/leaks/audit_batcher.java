package com.acme.audit;

import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

public class AuditBatcher implements Runnable {
    private static final Logger LOG = Logger.getLogger(AuditBatcher.class.getName());
    private static final int LIMIT = 500;

    public interface Sink {
        void post(String topic, String body) throws IOException;
    }

    private static final class Batch {
        final String topic;
        final String body;
        int failures;

        Batch(String topic, String body) {
            this.topic = topic;
            this.body = body;
        }
    }

    private final Sink sink;
    private final Map<String, List<String>> open = new HashMap<>();
    private final LinkedList<Batch> backlog = new LinkedList<>(); // <- cost

    public AuditBatcher(Sink sink) {
        this.sink = sink;
    }

    public void log(String topic, String actor, String event) {
        List<String> full = null;
        synchronized (open) {
            List<String> lines = open.computeIfAbsent(topic, t -> new ArrayList<>(LIMIT));
            lines.add(actor + '\t' + event);
            if (lines.size() >= LIMIT) {
                full = open.remove(topic);
            }
        }
        if (full != null) {
            ship(serialize(topic, full));
        }
    }

    private Batch serialize(String topic, List<String> lines) {
        StringWriter w = new StringWriter();
        w.write("#batch " + lines.size() + "\n");
        for (String line : lines) {
            w.write(line);
            w.write('\n');
        }
        return new Batch(topic, w.toString()); // <- made 100
    }

    private void ship(Batch batch) {
        try {
            sink.post(batch.topic, batch.body);
        } catch (IOException e) {
            batch.failures++;
            LOG.log(Level.WARNING, "post failed for {0}", batch.topic);
            synchronized (backlog) {
                backlog.addLast(batch); // <- cost
            }
        }
    }

    @Override
    public void run() {
        List<Batch> again = Collections.emptyList();
        synchronized (backlog) {
            if (!backlog.isEmpty()) {
                again = new ArrayList<>(backlog.subList(0, Math.min(3, backlog.size())));
                backlog.subList(0, again.size()).clear();
            }
        }
        again.forEach(this::ship);
    }
}
