package com.example.freight;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public final class QuoteClient implements AutoCloseable {

    public record Parcel(String sku, int grams, int mmLong) {}

    public record Quote(String carrier, long cents) {}

    private static final class Call {
        final long id;
        final byte[] request;
        final CompletableFuture<List<Quote>> result = new CompletableFuture<>();

        Call(long id, byte[] request) {
            this.id = id;
            this.request = request;
        }
    }

    private final Socket socket;
    private final DataOutputStream out;
    private final AtomicLong ids = new AtomicLong();
    private final Map<Long, Call> calls = new ConcurrentHashMap<>(); // <- cost
    private final ArrayDeque<Long> latencies = new ArrayDeque<>();
    private volatile boolean open = true;

    public QuoteClient(String host, int port) throws IOException {
        socket = new Socket(host, port);
        out = new DataOutputStream(socket.getOutputStream());
        Thread reader = new Thread(this::readLoop, "quote-reader");
        reader.setDaemon(true);
        reader.start();
    }

    public CompletableFuture<List<Quote>> quote(List<Parcel> parcels, String zip) throws IOException {
        Call call = new Call(ids.incrementAndGet(), encode(parcels, zip)); // <- made 20
        calls.put(call.id, call); // <- cost
        synchronized (out) {
            out.writeLong(call.id);
            out.writeInt(call.request.length);
            out.write(call.request);
            out.flush();
        }
        return call.result.completeOnTimeout(List.of(), 800, TimeUnit.MILLISECONDS); // <- cost
    }

    private static byte[] encode(List<Parcel> parcels, String zip) {
        StringBuilder sb = new StringBuilder(zip);
        for (Parcel p : parcels) {
            sb.append('\n').append(p.sku()).append(';').append(p.grams()).append(';').append(p.mmLong());
        }
        return sb.toString().getBytes(StandardCharsets.UTF_8); // <- made 80
    }

    private void readLoop() {
        try (DataInputStream in = new DataInputStream(socket.getInputStream())) {
            while (open) {
                long id = in.readLong();
                long started = in.readLong();
                List<Quote> quotes = new ArrayList<>();
                for (int n = in.readUnsignedShort(); n > 0; n--) {
                    quotes.add(new Quote(in.readUTF(), in.readLong()));
                }
                record(System.currentTimeMillis() - started);
                Call call = calls.remove(id);
                if (call != null) {
                    call.result.complete(quotes);
                }
            }
        } catch (IOException e) {
            List<Call> failed = new ArrayList<>(calls.values());
            calls.clear();
            failed.forEach(c -> c.result.completeExceptionally(e));
        }
    }

    private void record(long millis) {
        latencies.addLast(millis);
        if (latencies.size() > 500) {
            latencies.removeFirst();
        }
    }

    @Override
    public void close() throws IOException {
        open = false;
        socket.close();
    }
}
