package org.tidewater.fs;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;

public class ObjectStoreFileSystem implements Closeable {

    public record Path(String bucket, String key) implements Comparable<Path> {
        static Path parse(String uri) {
            String rest = uri.substring(uri.indexOf("://") + 3);
            int slash = rest.indexOf('/');
            return new Path(rest.substring(0, slash), rest.substring(slash + 1)); // <- made 70
        }
        Path child(String name) {
            return new Path(bucket, key + "/" + name);
        }

        @Override
        public int compareTo(Path o) {
            return (bucket + key).compareTo(o.bucket + o.key);
        }
    }

    public interface Store {
        boolean exists(Path path) throws IOException;
        void put(Path path, byte[] data) throws IOException;
        void copy(Path from, Path to) throws IOException;
        boolean delete(Path path) throws IOException;
        void discard(Path path);
        List<String> list(Path prefix) throws IOException;
    }

    private final Store store;
    private final TreeSet<Path> deleteOnExit = new TreeSet<>(); // <- cost
    private final Map<Path, Boolean> statusCache = new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Boolean> eldest) {
            return size() > 1000;
        }
    };

    public ObjectStoreFileSystem(Store store) {
        this.store = store;
        Runtime.getRuntime().addShutdownHook(new Thread(this::processDeleteOnExit));
    }

    public synchronized boolean exists(Path path) throws IOException {
        if (!statusCache.containsKey(path)) {
            statusCache.put(path, store.exists(path));
        }
        return statusCache.get(path);
    }

    public OutputStream create(String target) {
        Path fin = Path.parse(target);
        Path tmp = Path.parse(target + "._tmp_" + UUID.randomUUID());
        synchronized (deleteOnExit) {
            deleteOnExit.add(tmp); // <- made 30 <- cost
        }
        return new ByteArrayOutputStream() {
            @Override
            public void close() throws IOException {
                store.put(tmp, toByteArray());
                rename(tmp, fin);
            }
        };
    }

    public void rename(Path from, Path to) throws IOException {
        store.copy(from, to);
        delete(from, false);
        forget(to);
    }

    private synchronized void forget(Path path) {
        statusCache.remove(path);
    }

    public boolean delete(Path path, boolean recursive) throws IOException {
        List<Path> targets = new ArrayList<>();
        if (recursive) {
            store.list(path).forEach(name -> targets.add(path.child(name)));
        }
        targets.add(path);
        boolean all = true;
        for (Path target : targets) {
            all &= store.delete(target); // <- cost
            forget(target);
        }
        return all;
    }

    private void processDeleteOnExit() {
        synchronized (deleteOnExit) {
            deleteOnExit.forEach(store::discard);
            deleteOnExit.clear();
        }
    }

    @Override
    public void close() { processDeleteOnExit(); }
}
