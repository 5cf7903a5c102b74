package edge.logs;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts per client what came in the last minute and names those above the limit. */
public class AccessLogGate {
    private static final List<String> IGNORED = List.of("/health", "/ready", "/metrics");
    private static final long WINDOW_MS = 60_000;

    private record Hit(long at, String client) {}

    private final Deque<Hit> recent = new ArrayDeque<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private final int limit;

    public AccessLogGate(int limit) {
        this.limit = limit;
    }

    private void expire(long now) {
        while (!recent.isEmpty() && recent.peekFirst().at() < now - WINDOW_MS) { // <- hot 13
            Hit old = recent.removeFirst();
            counts.computeIfPresent(old.client(), (k, n) -> n > 1 ? n - 1 : null); // <- hot 29
        }
    }

    public boolean admit(String client, String path, long now) {
        if (IGNORED.contains(path)) { // <- hot 12
            return true;
        }
        expire(now);
        recent.addLast(new Hit(now, client));
        return counts.merge(client, 1, Integer::sum) <= limit; // <- hot 34
    }

    public int replay(List<String[]> rows) {
        int refused = 0;
        for (String[] row : rows) {
            if (!admit(row[1], row[2], Long.parseLong(row[0]))) {
                refused++;
            }
        }
        return refused;
    }
}
