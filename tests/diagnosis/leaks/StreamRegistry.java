package net.ember.http2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

final class StreamRegistry {

    enum State { IDLE, OPEN, HALF_CLOSED, CLOSED }

    static final class Stream {
        final int id;
        final Map<String, String> headers = new HashMap<>();
        final ByteBuffer input = ByteBuffer.allocate(16 * 1024); // <- made 97
        final Set<Stream> children = new HashSet<>();
        Stream parent;
        State state = State.IDLE;
        int window = 65535;

        Stream(int id) {
            this.id = id;
        }
    }

    interface Writer {
        void write(int streamId, ByteBuffer data) throws IOException;
    }

    private final Map<Integer, Stream> streams = new ConcurrentHashMap<>(); // <- cost
    private final Map<Integer, Integer> backlog = new HashMap<>();
    private final AtomicInteger active = new AtomicInteger();
    private final int maxConcurrent;
    private final Writer writer;
    private int newStreamsSincePrune;

    StreamRegistry(int maxConcurrent, Writer writer) {
        this.maxConcurrent = maxConcurrent;
        this.writer = writer;
    }

    Stream onHeaders(int id, List<String[]> fields, boolean endOfStream) throws IOException {
        Stream stream = streams.get(id);
        if (stream == null) {
            if (active.incrementAndGet() > maxConcurrent) {
                active.decrementAndGet();
                throw new IOException("too many concurrent streams: " + id);
            }
            stream = create(id);
        }
        for (String[] field : fields) {
            stream.headers.merge(field[0], field[1], (a, b) -> a + ", " + b);
        }
        stream.state = endOfStream ? State.HALF_CLOSED : State.OPEN;
        return stream;
    }

    void onPriority(int id, int parentId) {
        Stream stream = streams.get(id);
        if (stream == null) {
            stream = create(id);
        }
        Stream parent = streams.get(parentId);
        if (stream.parent != null) {
            stream.parent.children.remove(stream);
        }
        stream.parent = parent;
        if (parent != null) {
            parent.children.add(stream);
        }
    }

    private Stream create(int id) {
        Stream stream = new Stream(id); // <- made 3
        streams.put(id, stream); // <- cost
        newStreamsSincePrune++;
        return stream;
    }

    int write(Stream stream, ByteBuffer data) throws IOException {
        Queue<ByteBuffer> frames = new ArrayDeque<>();
        while (data.hasRemaining() && stream.window > 0) {
            int n = Math.min(Math.min(data.remaining(), 16384), stream.window);
            frames.add(data.slice(data.position(), n));
            data.position(data.position() + n);
            stream.window -= n;
        }
        for (ByteBuffer frame : frames) {
            writer.write(stream.id, frame);
        }
        if (data.hasRemaining()) {
            backlog.put(stream.id, data.remaining());
        }
        return data.remaining();
    }

    void onClosed(Stream stream) {
        stream.state = State.CLOSED; // <- cost
        stream.headers.clear();
        backlog.remove(stream.id);
        active.decrementAndGet();
    }
}
