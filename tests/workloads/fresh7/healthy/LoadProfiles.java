// expect: healthy bench
// Finds typical days in the readings of a power grid's meters: one day after the other is read from the file that the
// collectors wrote, each day of a meter is put to the nearest of some profiles, and the profiles move (k-means).
// Measured: 100 ms of CPU for a day of 12000 meters; it takes what it gets of one core.
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

public class LoadProfiles {
    static final int QUARTERS = 96;
    static final int METERS = 12_000;
    static final int PROFILES = 24;
    static final int ROUNDS = 6;
    static final int BATCH = 500;

    /** Writes a day of readings: watts as shorts, meter by meter. */
    static final class Collector {
        private final SplittableRandom random = new SplittableRandom(21);
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(BATCH * QUARTERS * Short.BYTES);

        void write(Path path) throws IOException {
            try (FileChannel out = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                for (int meter = 0; meter < METERS; meter += BATCH) {
                    buffer.clear();
                    for (int number = 0; number < BATCH; number++) {
                        household();
                    }
                    buffer.flip();
                    while (buffer.hasRemaining()) {
                        out.write(buffer);
                    }
                }
            }
        }

        private void household() {
            int base = 80 + random.nextInt(200);
            int peak = random.nextInt(QUARTERS);
            int height = 200 + random.nextInt(1800);
            for (int quarter = 0; quarter < QUARTERS; quarter++) {
                int away = Math.min(Math.abs(quarter - peak), QUARTERS - Math.abs(quarter - peak));
                buffer.putShort((short) (base + Math.max(0, height - away * 90) + random.nextInt(60)));
            }
        }
    }

    /** A day of all meters, as shares of its own mean. */
    static final class Day {
        final float[] values = new float[METERS * QUARTERS];
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);

        void read(Path path) throws IOException {
            int at = 0;
            try (FileChannel in = FileChannel.open(path, StandardOpenOption.READ)) {
                buffer.clear();
                while (in.read(buffer) >= 0) {
                    buffer.flip();
                    while (buffer.remaining() >= Short.BYTES && at < values.length) {
                        values[at++] = buffer.getShort();
                    }
                    buffer.compact();
                }
            }
            if (at != values.length) {
                throw new IOException(path + " ends early");
            }
            for (int from = 0; from < values.length; from += QUARTERS) {
                float sum = 0;
                for (int quarter = 0; quarter < QUARTERS; quarter++) {
                    sum += values[from + quarter];
                }
                float scale = QUARTERS / Math.max(1, sum);
                for (int quarter = 0; quarter < QUARTERS; quarter++) {
                    values[from + quarter] *= scale;
                }
            }
        }
    }

    /** The profiles, kept from day to day. */
    static final class Clusters {
        private final float[][] profiles = new float[PROFILES][QUARTERS];
        private final float[][] sums = new float[PROFILES][QUARTERS];
        private final int[] members = new int[PROFILES];

        Clusters(Day day) {
            for (int number = 0; number < PROFILES; number++) {
                System.arraycopy(day.values, number * 401 * QUARTERS, profiles[number], 0, QUARTERS);
            }
        }

        void round(Day day) {
            Arrays.fill(members, 0);
            for (float[] sum : sums) {
                Arrays.fill(sum, 0);
            }
            for (int from = 0; from < day.values.length; from += QUARTERS) {
                int nearest = nearest(day.values, from);
                members[nearest]++;
                float[] sum = sums[nearest];
                for (int quarter = 0; quarter < QUARTERS; quarter++) {
                    sum[quarter] += day.values[from + quarter];
                }
            }
            for (int number = 0; number < PROFILES; number++) {
                for (int quarter = 0; quarter < QUARTERS && members[number] > 0; quarter++) {
                    profiles[number][quarter] = sums[number][quarter] / members[number];
                }
            }
        }

        private int nearest(float[] values, int from) {
            int best = 0;
            float least = Float.MAX_VALUE;
            for (int number = 0; number < PROFILES; number++) {
                float[] profile = profiles[number];
                float distance = 0;
                for (int quarter = 0; quarter < QUARTERS && distance < least; quarter++) {
                    float off = values[from + quarter] - profile[quarter];
                    distance += off * off;
                }
                if (distance < least) {
                    least = distance;
                    best = number;
                }
            }
            return best;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path readings = Path.of("day.bin");
        Collector collector = new Collector();
        Day day = new Day();
        collector.write(readings);
        day.read(readings);
        Clusters clusters = new Clusters(day);
        System.out.println("ready " + ProcessHandle.current().pid());
        long spent = 0;
        for (int done = 1; true; done++) {
            collector.write(readings);
            long began = System.nanoTime();
            day.read(readings);
            for (int round = 0; round < ROUNDS; round++) {
                clusters.round(day);
            }
            spent += System.nanoTime() - began;
            Files.writeString(Path.of("profiles.log"), String.format(Locale.ROOT, "%d days, %.1f ms each, %s%n", done,
                spent / 1e6 / done, Arrays.toString(clusters.members)));
        }
    }
}
