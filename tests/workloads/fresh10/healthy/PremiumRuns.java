// expect: healthy bench
// The renewals of an insurer's household policies: batches of policies are rated by three raters, each premium is worked out
// from the building, the postcode and the losses of the last years, and the notices are written to one file per batch.
// Measured: a third of a core or less.

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

public class PremiumRuns {
    static final int POLICIES = 20_000, RATERS = 3, BATCH = 240, KEPT_FILES = 20;
    static final long BEAT = 25;

    enum Building { DETACHED, TERRACED, FLAT, FARM }

    record Loss(int year, int pence) {}

    record Policy(int number, Building building, int postcode, int rooms, int sum, LocalDate from, List<Loss> losses) {}

    record Notice(Policy policy, long pence, LocalDate due, int stage) {}

    /** What the area adds; kept by postcode. */
    static final class Areas {
        private final Map<Integer, Double> factors = new ConcurrentHashMap<>();

        double factor(int postcode) {
            return factors.computeIfAbsent(postcode, Areas::worked);
        }

        private static double worked(int postcode) {
            double flood = Math.abs(Math.sin(postcode * 0.37));
            double theft = Math.abs(Math.cos(postcode * 0.11));
            return 0.8 + 0.5 * flood + 0.3 * theft;
        }
    }

    static final class Rater {
        private static final double[] BASE = {1.15, 1.0, 0.8, 1.6};
        private static final int[] STAGES = {60, 70, 80, 90, 100, 115, 130, 160};
        private final Areas areas;

        Rater(Areas areas) {
            this.areas = areas;
        }

        int stage(Policy policy, int year) {
            int stage = 3;
            for (int back = 5; back > 0; back--) {
                int lost = 0;
                for (Loss loss : policy.losses()) {
                    if (loss.year() == year - back) lost += loss.pence();
                }
                stage += lost == 0 ? -1 : lost > 200_000 ? 2 : 1;
                stage = Math.max(0, Math.min(STAGES.length - 1, stage));
            }
            return stage;
        }

        Notice rate(Policy policy, int year) {
            int stage = stage(policy, year);
            double premium = policy.sum() * 0.12 + policy.rooms() * 900;
            premium *= BASE[policy.building().ordinal()] * areas.factor(policy.postcode()) * STAGES[stage] / 100;
            return new Notice(policy, Math.round(premium), policy.from().withYear(year).minusDays(28), stage);
        }
    }

    /** Writes the notices of a batch, by postcode, as the post wants them. */
    static final class Printer {
        private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMMM yyyy");
        private static final Comparator<Notice> ROUND =
            Comparator.<Notice>comparingInt(each -> each.policy().postcode()).thenComparingInt(each -> each.policy().number());
        private final Path folder;

        Printer(Path folder) {
            this.folder = folder;
        }

        void print(List<Notice> notices, int batch) throws IOException {
            notices.sort(ROUND);
            StringBuilder line = new StringBuilder(120);
            try (BufferedWriter out = Files.newBufferedWriter(folder.resolve("batch-" + batch % KEPT_FILES + ".txt"))) {
                for (Notice notice : notices) {
                    line.setLength(0);
                    line.append(notice.policy().number()).append(';').append(notice.policy().postcode()).append(';');
                    line.append(notice.pence() / 100).append('.').append(notice.pence() / 10 % 10).append(notice.pence() % 10);
                    line.append(';').append(notice.stage()).append(';');
                    DAY.formatTo(notice.due(), line);
                    out.append(line).append('\n');
                }
            }
        }
    }

    static List<Policy> portfolio() {
        Random chance = new Random(1710);
        List<Policy> policies = new ArrayList<>(POLICIES);
        for (int number = 0; number < POLICIES; number++) {
            List<Loss> losses = new ArrayList<>();
            for (int count = chance.nextInt(4); count > 0; count--) {
                losses.add(new Loss(2016 + chance.nextInt(9), 5_000 + chance.nextInt(600_000)));
            }
            Building building = Building.values()[chance.nextInt(4)];
            LocalDate from = LocalDate.of(2015, 1, 1).plusDays(chance.nextInt(365));
            int sum = 40_000 + chance.nextInt(400_000);
            policies.add(new Policy(number, building, chance.nextInt(900), 1 + chance.nextInt(9), sum, from, List.copyOf(losses)));
        }
        return policies;
    }

    private final ExecutorService raters = Executors.newFixedThreadPool(RATERS);
    private final LongAdder pence = new LongAdder();
    private final List<Policy> policies = portfolio();
    private final Rater rater = new Rater(new Areas());
    private final Printer printer;
    private int next;

    PremiumRuns(Path folder) {
        printer = new Printer(folder);
    }

    private List<Notice> part(List<Policy> some, int year) {
        List<Notice> notices = new ArrayList<>(some.size());
        for (Policy policy : some) {
            Notice notice = rater.rate(policy, year);
            pence.add(notice.pence());
            notices.add(notice);
        }
        return notices;
    }

    void batch(int number) throws IOException, InterruptedException, ExecutionException {
        List<Future<List<Notice>>> parts = new ArrayList<>();
        for (int part = 0; part < RATERS; part++) {
            List<Policy> some = policies.subList(next, next + BATCH);
            next = next + 2 * BATCH > policies.size() ? 0 : next + BATCH;
            parts.add(raters.submit(() -> part(some, 2025)));
        }
        List<Notice> notices = new ArrayList<>(RATERS * BATCH);
        for (Future<List<Notice>> part : parts) notices.addAll(part.get());
        printer.print(notices, number);
    }

    static void remove(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    public static void main(String[] words) throws Exception {
        Path folder = Files.createTempDirectory("renewals");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(folder)));
        PremiumRuns runs = new PremiumRuns(folder);
        long due = System.nanoTime();
        for (int number = 0; ; number++) {
            runs.batch(number);
            if (number == 160) {
                System.out.println("ready " + ProcessHandle.current().pid());
                System.out.flush();
            }
            if (number % 100 == 99) System.err.println(number + 1 + " batches, " + runs.pence.sum() / 100 + " pounds");
            due = Math.max(due + BEAT * 1_000_000, System.nanoTime() - 1_000_000_000L);
            long left = (due - System.nanoTime()) / 1_000_000;
            if (left > 0) Thread.sleep(left);
        }
    }
}
