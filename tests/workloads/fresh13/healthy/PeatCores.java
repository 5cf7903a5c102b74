// expect: healthy bench
// Dating of peat cores: slices of cores come from the laboratory in batches, a few workers calibrate their radiocarbon
// ages against the curve, ages that were calibrated lately are kept in a bounded store, and a journal file gets a line each.
// Measured: nothing to gain; 9 % of a core (busy machine); by the sizes (not counted) two of three ages are in the store.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;

public class PeatCores {
    static final int WORKERS = 2;
    static final int YEARS = 6000;

    record Slice(int core, int depth, int age, int error) {
    }

    record Dated(Slice slice, int from, int till) {
    }

    /** The calibration curve: what radiocarbon age a calendar year has. */
    static final class Curve {
        private final double[] age = new double[YEARS];

        Curve() {
            for (int year = 0; year < YEARS; year++) {
                age[year] = year * 0.93 + 60 * Math.sin(year / 83.0) + 25 * Math.sin(year / 17.0);
            }
        }

        /** The shortest span of years that holds most of the probability. */
        int[] span(Slice slice, double[] density) {
            double total = 0;
            for (int year = 0; year < YEARS; year++) {
                double off = (age[year] - slice.age) / slice.error;
                density[year] = off > 6 || off < -6 ? 0 : Math.exp(-off * off / 2);
                total += density[year];
            }
            int from = 0;
            double sum = 0;
            int[] best = {0, YEARS - 1};
            for (int till = 0; till < YEARS; till++) {
                sum += density[till];
                while (sum - density[from] >= 0.95 * total) {
                    sum -= density[from++];
                }
                if (sum >= 0.95 * total && till - from < best[1] - best[0]) {
                    best[0] = from;
                    best[1] = till;
                }
            }
            return best;
        }
    }

    /** Spans that were asked for lately; the eldest goes when a new one comes. */
    static final class Recent {
        private static final int ROOM = 1600;
        private final Map<Long, int[]> spans = new LinkedHashMap<>(2048, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Long, int[]> eldest) {
                return size() > ROOM;
            }
        };

        synchronized int[] get(long key) {
            return spans.get(key);
        }

        synchronized void put(long key, int[] span) {
            spans.put(key, span);
        }
    }

    private final Curve curve = new Curve();
    private final Recent recent = new Recent();
    private final BlockingQueue<Slice> laboratory = new ArrayBlockingQueue<>(256);
    private final BlockingQueue<Dated> dated = new ArrayBlockingQueue<>(256);
    private final LongAdder calibrated = new LongAdder();
    private final LongAdder known = new LongAdder();

    private void calibrate() {
        double[] density = new double[YEARS];
        try {
            for (;;) {
                Slice slice = laboratory.take();
                long key = (long) slice.age << 16 | slice.error;
                int[] span = recent.get(key);
                if (span == null) {
                    span = curve.span(slice, density);
                    recent.put(key, span);
                    calibrated.increment();
                } else {
                    known.increment();
                }
                dated.put(new Dated(slice, span[0], span[1]));
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void write(Path journal) {
        long lines = 0;
        try (BufferedWriter out = Files.newBufferedWriter(journal)) {
            for (;;) {
                Dated next = dated.take();
                Slice slice = next.slice;
                out.append(Integer.toString(slice.core)).append('\t').append(Integer.toString(slice.depth)).append('\t');
                out.append(Integer.toString(next.from)).append('\t').append(Integer.toString(next.till)).append('\n');
                if (++lines % 5000 == 0) {
                    out.flush();
                }
            }
        } catch (IOException failure) {
            System.err.println("journal: " + failure);
            System.exit(1);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** A batch of slices each 200 ms, as the laboratory's counters finish. */
    private void deliver() throws InterruptedException {
        SplittableRandom chance = new SplittableRandom(3);
        for (int batch = 0;; batch++) {
            for (int depth = 0; depth < 2000; depth++) {
                int age = 200 + depth % 400 * 12 + chance.nextInt(3) * 10;
                laboratory.put(new Slice(batch % 70, depth, age, 20 + chance.nextInt(2) * 10));
            }
            Thread.sleep(200);
        }
    }

    private void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("peat");
        Path journal = folder.resolve("journal.tsv");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                Files.deleteIfExists(journal);
                Files.deleteIfExists(folder);
            } catch (IOException left) {
                System.err.println("left behind: " + left);
            }
        }));
        PeatCores cores = new PeatCores();
        cores.start("journal", () -> cores.write(journal));
        for (int at = 0; at < WORKERS; at++) {
            cores.start("calibration-" + at, cores::calibrate);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        cores.deliver();
    }
}
