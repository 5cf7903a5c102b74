package org.granary.coord;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

final class WatchTable {

    interface Watcher {
        long sessionId();

        void fired(Event event);
    }

    enum Kind { CREATED, DELETED, DATA_CHANGED, CHILDREN_CHANGED }

    record Event(Kind kind, String path, long zxid) {
    }

    private final Map<String, Set<Watcher>> byPath = new HashMap<>(); // <- cost
    private final Map<Watcher, Set<String>> byWatcher = new HashMap<>();
    private final Map<Kind, Long> fired = new HashMap<>();

    synchronized void add(String path, Watcher watcher) {
        Set<Watcher> list = byPath.get(path);
        if (list == null) {
            // most paths are watched by one session only
            list = new HashSet<>(4); // <- made 45
            byPath.put(path, list); // <- made 20 <- cost
        }
        list.add(watcher); // <- made 35

        byWatcher.computeIfAbsent(watcher, w -> new HashSet<>()).add(path);
    }

    synchronized boolean contains(String path, Watcher watcher) {
        Set<String> paths = byWatcher.get(watcher);
        return paths != null && paths.contains(path);
    }

    synchronized void removeWatcher(Watcher watcher) {
        Set<String> paths = byWatcher.remove(watcher);
        if (paths == null) {
            return;
        }
        for (String path : paths) {
            Set<Watcher> list = byPath.get(path);
            if (list != null) {
                list.remove(watcher); // <- cost
            }
        }
    }

    Set<Watcher> trigger(String path, Kind kind, long zxid) {
        return trigger(path, kind, zxid, Set.of());
    }

    Set<Watcher> trigger(String path, Kind kind, long zxid, Set<Watcher> suppress) {
        Event event = new Event(kind, path, zxid);
        Set<Watcher> watchers;
        synchronized (this) {
            watchers = byPath.remove(path);
            if (watchers == null || watchers.isEmpty()) {
                return Set.of();
            }
            for (Watcher watcher : watchers) {
                Set<String> paths = byWatcher.get(watcher);
                if (paths != null) {
                    paths.remove(path);
                    if (paths.isEmpty()) {
                        byWatcher.remove(watcher);
                    }
                }
            }
            fired.merge(kind, 1L, Long::sum);
        }
        for (Watcher watcher : watchers) {
            if (!suppress.contains(watcher)) {
                watcher.fired(event);
            }
        }
        return watchers;
    }

    synchronized List<String> report() {
        List<String> lines = new ArrayList<>();
        Map<Long, Integer> sessions = new HashMap<>();
        byWatcher.forEach((w, paths) -> sessions.merge(w.sessionId(), paths.size(), Integer::sum));
        sessions.forEach((id, n) -> lines.add("0x" + Long.toHexString(id) + " " + n));
        fired.forEach((kind, n) -> lines.add(kind + " " + n));
        return lines;
    }
}
