package crash.triage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

class CrashBuckets {

    static class Crash {
        final String build;
        final String[] frames;

        Crash(String build, String[] frames) {
            this.build = build;
            this.frames = frames;
        }

        List<String> signature(int depth) {
            return Arrays.asList(frames).subList(0, Math.min(depth, frames.length));
        }
    }

    static class Bucket {
        final Crash sample;
        final List<Crash> crashes = new ArrayList<>();

        Bucket(Crash sample) {
            this.sample = sample;
        }
    }

    private final int depth;

    CrashBuckets(int depth) {
        this.depth = depth;
    }

    List<Bucket> group(Collection<Crash> crashes) {
        Map<List<String>, Bucket> byStack = new HashMap<>();
        for (Crash crash : crashes) {
            byStack.computeIfAbsent(crash.signature(depth), k -> new Bucket(crash)) // <- hot 81
                    .crashes.add(crash);
        }
        List<Bucket> buckets = new ArrayList<>(byStack.values());
        buckets.sort(Comparator.comparingInt((Bucket b) -> b.crashes.size()).reversed());
        return buckets;
    }
}
