package crash.triage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

class CrashBuckets {

    static class Crash {
        final String build;
        final String[] frames;

        Crash(String build, String[] frames) {
            this.build = build;
            this.frames = frames;
        }

        boolean sameStack(Crash other, int depth) {
            int n = Math.min(depth, frames.length);
            int m = Math.min(depth, other.frames.length);
            return Arrays.equals(frames, 0, n, other.frames, 0, m); // <- hot 71
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
        List<Bucket> buckets = new ArrayList<>();
        for (Crash crash : crashes) {
            Bucket target = null;
            for (Bucket b : buckets) { // <- cost
                if (b.sample.sameStack(crash, depth)) { // <- cost hot 23
                    target = b;
                    break;
                }
            }
            if (target == null) {
                target = new Bucket(crash);
                buckets.add(target);
            }
            target.crashes.add(crash);
        }
        buckets.sort(Comparator.comparingInt((Bucket b) -> b.crashes.size()).reversed());
        return buckets;
    }
}
