// expect: healthy bench
// Sentry owls: every two seconds the owls of the forest bring what they have seen (a few ten thousand log-ins), and the
// warden looks for password spraying: one source that fails with many names, or one name from many sources. Between the
// visits nothing is done.

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class SentryOwls {
    static final int SOURCES = 6000;
    static final int NAMES = 4000;
    static final int SIGHTINGS = 40_000;

    /** Log-ins in columns: source, name, whether it failed. */
    static class Sightings {
        final int[] source = new int[SIGHTINGS];
        final int[] name = new int[SIGHTINGS];
        final boolean[] failed = new boolean[SIGHTINGS];
        int size;

        void add(int from, int who, boolean wrong) {
            source[size] = from;
            name[size] = who;
            failed[size++] = wrong;
        }
    }

    record Alarm(String kind, int subject, int distinct, int failures) {}

    /** Counts, per subject, the failures and the distinct others; reused from visit to visit. */
    static class Spread {
        private final int[] failures;
        private final int[] distinct;
        private final int others;
        private long[] seen = new long[1 << 17];

        Spread(int subjects, int others) {
            this.failures = new int[subjects];
            this.distinct = new int[subjects];
            this.others = others;
        }

        void clear() {
            java.util.Arrays.fill(failures, 0);
            java.util.Arrays.fill(distinct, 0);
            java.util.Arrays.fill(seen, 0);
        }

        void fail(int subject, int other) {
            failures[subject]++;
            if (mark((long) subject * others + other + 1)) distinct[subject]++;
        }

        /** Open addressing; the table is three times as large as a visit can fill it. */
        private boolean mark(long pair) {
            int at = (int) (pair * 0x9E3779B97F4A7C15L >>> 47);
            while (seen[at] != 0) {
                if (seen[at] == pair) return false;
                at = at + 1 & seen.length - 1;
            }
            seen[at] = pair;
            return true;
        }

        void alarms(String kind, int limit, List<Alarm> into) {
            for (int subject = 0; subject < distinct.length; subject++) {
                if (distinct[subject] >= limit) into.add(new Alarm(kind, subject, distinct[subject], failures[subject]));
            }
        }
    }

    static class Warden {
        private final Spread bySource = new Spread(SOURCES, NAMES);
        private final Spread byName = new Spread(NAMES, SOURCES);
        private final Map<String, Integer> raised = new HashMap<>();
        private long visits;

        List<Alarm> inspect(Sightings sightings) {
            bySource.clear();
            byName.clear();
            for (int i = 0; i < sightings.size; i++) {
                if (!sightings.failed[i]) continue;
                bySource.fail(sightings.source[i], sightings.name[i]);
                byName.fail(sightings.name[i], sightings.source[i]);
            }
            List<Alarm> alarms = new ArrayList<>();
            bySource.alarms("spraying source", 25, alarms);
            byName.alarms("besieged name", 25, alarms);
            alarms.sort(Comparator.comparingInt(Alarm::distinct).reversed());
            visits++;
            for (Alarm alarm : alarms) raised.merge(alarm.kind(), 1, Integer::sum);
            return alarms;
        }

        String summary() {
            return visits + " visits, " + raised;
        }
    }

    static class Owls {
        private final Random random = new Random(3);

        Sightings bring() {
            Sightings seen = new Sightings();
            int sprayer = random.nextInt(SOURCES);
            int victim = random.nextInt(NAMES);
            int number = SIGHTINGS - random.nextInt(SIGHTINGS / 4);
            for (int i = 0; i < number; i++) {
                int source = random.nextInt(SOURCES);
                int name = random.nextInt(NAMES);
                boolean failed = random.nextInt(10) == 0;
                if (i % 400 == 0) {
                    source = sprayer;
                    failed = true;
                } else if (i % 400 == 1) {
                    name = victim;
                    failed = true;
                }
                seen.add(source, name, failed);
            }
            return seen;
        }
    }

    public static void main(String[] args) throws Exception {
        Warden warden = new Warden();
        Owls owls = new Owls();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        long[] visits = {0};
        timer.scheduleAtFixedRate(() -> {
            List<Alarm> alarms = warden.inspect(owls.bring());
            if (visits[0]++ % 15 == 0) {
                System.err.println(warden.summary() + (alarms.isEmpty() ? "" : ", worst: " + alarms.get(0)));
            }
        }, 0, 2, TimeUnit.SECONDS);
        Thread.sleep(2500);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
