// expect: healthy bench
// Haiku digests: the reading statistics of a poem app, by time slots.
//
// Readers' devices hand in their events in small parcels all the time; every two seconds a slot is closed: its events
// are sorted by poem, and counts, completion, and the quartiles of reading time go to the poems' totals. Bursty: a
// trickle of parcels, then a short burst of work.
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class HaikuDigests {
    static final int POEMS = 5000;
    static final int PARCEL = 20000;
    static final int SLOT_CAPACITY = 1 << 20;

    /** The events of a slot, one long each: poem, milliseconds of reading, and whether it was read to its end. */
    static final class Slot {
        final long[] events = new long[SLOT_CAPACITY];
        int size;

        void add(long[] parcel) {
            int taken = Math.min(parcel.length, events.length - size);
            System.arraycopy(parcel, 0, events, size, taken);
            size += taken;
        }
    }

    static long pack(int poem, int millis, boolean finished) {
        return (long) poem << 33 | (long) millis << 1 | (finished ? 1 : 0);
    }

    /** Two slots in turn: one is filled while the other is worked on. */
    static final class Intake {
        private Slot filling = new Slot();
        private Slot spare = new Slot();

        synchronized void accept(long[] parcel) {
            filling.add(parcel);
        }

        synchronized Slot close() {
            Slot closed = filling;
            filling = spare;
            filling.size = 0;
            spare = closed;
            return closed;
        }
    }

    static final class Totals {
        final long[] reads = new long[POEMS];
        final long[] finished = new long[POEMS];
        final float[] median = new float[POEMS];
        final float[] spread = new float[POEMS];

        void take(Slot slot) {
            long[] events = slot.events;
            Arrays.sort(events, 0, slot.size);
            int from = 0;
            while (from < slot.size) {
                int poem = (int) (events[from] >>> 33);
                int to = from;
                int ended = 0;
                while (to < slot.size && (int) (events[to] >>> 33) == poem) {
                    ended += (int) (events[to] & 1);
                    to++;
                }
                merge(poem, events, from, to, ended);
                from = to;
            }
        }

        private void merge(int poem, long[] events, int from, int to, int ended) {
            int number = to - from;
            float lower = millis(events[from + number / 4]);
            float middle = millis(events[from + number / 2]);
            float upper = millis(events[from + number * 3 / 4]);
            float rate = reads[poem] == 0 ? 1 : 0.2f;
            median[poem] += rate * (middle - median[poem]);
            spread[poem] += rate * (upper - lower - spread[poem]);
            reads[poem] += number;
            finished[poem] += ended;
        }

        private static int millis(long event) {
            return (int) (event >>> 1);
        }

        /** The table that the app's editors load. */
        byte[] table() {
            StringBuilder lines = new StringBuilder(POEMS * 32);
            lines.append("poem,reads,finished,median,spread\n");
            for (int poem = 0; poem < POEMS; poem++) {
                if (reads[poem] > 0) {
                    lines.append(poem).append(',').append(reads[poem]).append(',').append(finished[poem]).append(',')
                            .append((int) median[poem]).append(',').append((int) spread[poem]).append('\n');
                }
            }
            return lines.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        }
    }

    static long[][] parcels() {
        Random random = new Random(575);
        long[][] parcels = new long[64][PARCEL];
        for (long[] parcel : parcels) {
            for (int i = 0; i < PARCEL; i++) {
                int poem = (int) Math.min(POEMS - 1, Math.abs(random.nextGaussian()) * POEMS / 3);
                int millis = (int) (3000 + Math.abs(random.nextGaussian()) * 9000);
                parcel[i] = pack(poem, millis, random.nextInt(10) < 7);
            }
        }
        return parcels;
    }

    public static void main(String[] arguments) throws Exception {
        Intake intake = new Intake();
        Totals totals = new Totals();
        long[][] parcels = parcels();
        int[] next = {0};
        int[] closed = {0};
        Path table = Path.of("digests.csv");
        Path fresh = Path.of("digests.csv.new");
        ScheduledExecutorService devices = Executors.newSingleThreadScheduledExecutor();
        devices.scheduleAtFixedRate(() -> intake.accept(parcels[next[0]++ % parcels.length]), 0, 50, TimeUnit.MILLISECONDS);
        ScheduledExecutorService digests = Executors.newSingleThreadScheduledExecutor();
        digests.scheduleAtFixedRate(() -> {
            totals.take(intake.close());
            if (++closed[0] % 5 == 0) {
                try {
                    Files.write(fresh, totals.table());
                    Files.move(fresh, table, StandardCopyOption.REPLACE_EXISTING);
                } catch (java.io.IOException failed) {
                    System.err.println("table not written: " + failed);
                }
            }
        }, 2, 2, TimeUnit.SECONDS);
        Thread.sleep(4500);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
