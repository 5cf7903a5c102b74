// expect: healthy bench

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Statistics of the test runs of a maker of windlasses.
 *
 * The test farm writes its results in segments of many lines. Each segment is read once, line by line; of each test the
 * number of runs, the failures, the changes between passed and failed, and a histogram of the durations are kept. Read segments are
 * removed, and about once a second the flakiest and the slowest tests are written to a report.
 */
public final class WindlassBuilds {
    private static final int TESTS = 2_000;
    private static final int LINES = 60_000;
    private static final int LISTED = 25;

    /** What is known of one test. */
    private static final class Test {
        private static final int BUCKETS = 48;
        final String name;
        final int[] durations = new int[BUCKETS];
        long runs;
        long failures;
        long flips;
        boolean passed = true;

        Test(String name) {
            this.name = name;
        }

        void add(boolean passedNow, int micros) {
            runs++;
            if (!passedNow) {
                failures++;
            }
            if (passedNow != passed) {
                flips++;
                passed = passedNow;
            }
            durations[bucket(micros)]++;
        }

        /** Two buckets for each doubling. */
        private static int bucket(int micros) {
            int value = Math.max(1, micros);
            int power = 31 - Integer.numberOfLeadingZeros(value);
            int half = power > 0 ? (value >>> (power - 1)) & 1 : 0;
            return Math.min(BUCKETS - 1, power * 2 + half);
        }

        long quantile(double part) {
            long wanted = (long) Math.ceil(runs * part);
            long seen = 0;
            for (int i = 0; i < BUCKETS; i++) {
                seen += durations[i];
                if (seen >= wanted) {
                    return (1L << (i / 2)) + (i % 2 == 0 ? 0 : 1L << Math.max(0, i / 2 - 1));
                }
            }
            return Long.MAX_VALUE;
        }

        double flakiness() {
            return runs == 0 ? 0 : (double) flips / runs;
        }
    }

    /** A test and the key that it is ordered by. */
    private record Ranked(Test test, double key) {}

    private final Map<String, Test> tests = new HashMap<>(TESTS * 2);
    private long lines;
    private long damaged;

    private void read(Path segment) throws IOException {
        try (BufferedReader in = Files.newBufferedReader(segment, StandardCharsets.US_ASCII)) {
            String line;
            while ((line = in.readLine()) != null) {
                take(line);
            }
        }
    }

    private void take(String line) {
        lines++;
        int first = line.indexOf('\t');
        int second = line.indexOf('\t', first + 1);
        if (first < 0 || second < 0) {
            damaged++;
            return;
        }
        int micros;
        try {
            micros = Integer.parseInt(line, second + 1, line.length(), 10);
        } catch (NumberFormatException e) {
            damaged++;
            return;
        }
        tests.computeIfAbsent(line.substring(0, first), Test::new).add(line.charAt(first + 1) == 'P', micros);
    }

    private List<Ranked> ranked(java.util.function.ToDoubleFunction<Test> key) {
        List<Ranked> all = new ArrayList<>(tests.size());
        for (Test test : tests.values()) {
            all.add(new Ranked(test, key.applyAsDouble(test)));
        }
        all.sort(Comparator.comparingDouble(Ranked::key).reversed());
        return all.subList(0, Math.min(LISTED, all.size()));
    }

    private void report(Path path) throws IOException {
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        try (BufferedWriter out = Files.newBufferedWriter(fresh)) {
            out.write("lines " + lines + ", damaged " + damaged + ", tests " + tests.size() + "\nflaky:\n");
            for (Ranked one : ranked(Test::flakiness)) {
                out.write(one.test().name + "\t" + one.key() + "\t" + one.test().failures + "\n");
            }
            out.write("slow:\n");
            for (Ranked one : ranked(test -> test.quantile(0.95))) {
                out.write(one.test().name + "\t" + (long) one.key() + "\n");
            }
        }
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The farm: parts of segments made before, put together anew for each. */
    private static void farm(BlockingQueue<Path> segments) {
        Random random = new Random(9);
        List<byte[]> parts = new ArrayList<>();
        for (int part = 0; part < 12; part++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < LINES / 6; i++) {
                int test = random.nextInt(TESTS);
                text.append("windlass.drum").append(test % 40).append(".BrakeTest#case").append(test).append('\t');
                text.append(random.nextInt(1000) < test % 60 ? "F" : "P").append('\t');
                text.append((int) Math.exp(6 + random.nextGaussian() * 2 + test % 5)).append('\n');
            }
            parts.add(text.toString().getBytes(StandardCharsets.US_ASCII));
        }
        try {
            long due = System.nanoTime();
            for (int number = 0; ; number++) {
                Path path = Path.of("segment-" + number + ".tsv");
                try (var out = Files.newOutputStream(path)) {
                    for (int i = 0; i < 6; i++) {
                        out.write(parts.get(random.nextInt(parts.size())));
                    }
                }
                segments.put(path);
                due += 100_000_000L;
                TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public static void main(String[] args) throws Exception {
        BlockingQueue<Path> segments = new ArrayBlockingQueue<>(4);
        Thread farm = new Thread(() -> farm(segments), "farm");
        farm.setDaemon(true);
        farm.start();
        WindlassBuilds statistics = new WindlassBuilds();
        for (int done = 0; ; done++) {
            Path segment = segments.take();
            statistics.read(segment);
            Files.delete(segment);
            if (done % 10 == 0) {
                statistics.report(Path.of("report.txt"));
            }
            if (done == 20) {
                System.out.println("ready " + ProcessHandle.current().pid());
                System.out.flush();
            }
        }
    }
}
