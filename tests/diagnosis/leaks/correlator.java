package com.acme.rpc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public class Correlator {
    public interface Transport {
        boolean send(ByteBuffer frame);
    }

    private record Pending(long id, ByteBuffer frame, CompletableFuture<String> reply) {
    }

    private final Transport transport;
    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, Pending> pending = new ConcurrentHashMap<>(); // <- cost
    private final List<String> warnings = new ArrayList<>();

    public Correlator(Transport transport) {
        this.transport = transport;
    }

    public CompletableFuture<String> ask(String verb, String body) {
        Pending p = prepare(verb, body);
        pending.put(p.id(), p); // <- cost
        if (!transport.send(p.frame().duplicate())) {
            pending.remove(p.id());
            p.reply().completeExceptionally(new IllegalStateException("not connected"));
        }
        return p.reply().orTimeout(5, TimeUnit.SECONDS); // <- cost
    }

    private Pending prepare(String verb, String body) {
        long id = ids.incrementAndGet();
        byte[] head = verb.getBytes(StandardCharsets.US_ASCII);
        byte[] text = body.getBytes(StandardCharsets.UTF_8);
        ByteBuffer frame = ByteBuffer.allocate(12 + head.length + text.length); // <- made 85
        frame.putLong(id).putShort((short) head.length).put(head).putShort((short) text.length).put(text);
        frame.flip();
        return new Pending(id, frame, new CompletableFuture<>()); // <- made 15
    }

    public void onFrame(ByteBuffer in) {
        long id = in.getLong();
        byte status = in.get();
        byte[] rest = new byte[in.remaining()];
        in.get(rest);
        String text = new String(rest, StandardCharsets.UTF_8);
        Pending p = pending.remove(id);
        if (p == null) {
            warn("late reply " + id);
            return;
        }
        if (status == 0) {
            p.reply().complete(text);
        } else {
            p.reply().completeExceptionally(new RuntimeException(text));
        }
    }

    private synchronized void warn(String text) {
        warnings.add(text);
        if (warnings.size() > 50) {
            warnings.remove(0);
        }
    }

    public void resendAll() {
        for (Pending p : new ArrayList<>(pending.values())) {
            if (!p.reply().isDone()) {
                transport.send(p.frame().duplicate());
            }
        }
    }
}
