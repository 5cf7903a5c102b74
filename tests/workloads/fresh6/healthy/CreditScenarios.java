// expect: healthy bench
// The nightly risk figures of a bank: plays through what may become of its loans when industries do badly together, and
// writes what is lost on average and at worst, for one date after the other. A worker for each core, started once.
// Measured: a date costs 0.25 s of CPU time (ten million loans played through); all cores, no garbage to speak of.
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class CreditScenarios {
    private static final int LOANS = 5000;
    private static final int INDUSTRIES = 12;
    private static final int SCENARIOS = 2000;
    private static final int PART = 100;
    private static final int DATES_KEPT = 100_000;

    /** The loans, column by column. A loan fails when its luck is below a threshold. */
    private static final class Portfolio {
        final int[] industry = new int[LOANS];
        final double[] exposure = new double[LOANS];
        final double[] threshold = new double[LOANS];
        final double[] loss = new double[LOANS];

        Portfolio(SplittableRandom chance) {
            for (int loan = 0; loan < LOANS; loan++) {
                industry[loan] = chance.nextInt(INDUSTRIES);
                exposure[loan] = Math.exp(9 + 3 * chance.nextDouble());
                threshold[loan] = -1.5 - 1.4 * chance.nextDouble();
                loss[loan] = 0.2 + 0.5 * chance.nextDouble();
            }
        }

        /** A day goes by: some loans are paid back a little, and some are judged anew. */
        void age(SplittableRandom chance) {
            for (int i = 0; i < LOANS / 20; i++) {
                int loan = chance.nextInt(LOANS);
                exposure[loan] = Math.max(5000, exposure[loan] * 0.98);
                threshold[loan] += 0.01 * (chance.nextDouble() - 0.5);
            }
        }
    }

    /** Normal numbers, two at a time (Marsaglia's polar method). */
    private static final class Normal {
        private final SplittableRandom chance;
        private double second;
        private boolean has;

        Normal(SplittableRandom chance) {
            this.chance = chance;
        }

        double next() {
            if (has) {
                has = false;
                return second;
            }
            double x;
            double y;
            double square;
            do {
                x = 2 * chance.nextDouble() - 1;
                y = 2 * chance.nextDouble() - 1;
                square = x * x + y * y;
            } while (square >= 1 || square == 0);
            double scale = Math.sqrt(-2 * Math.log(square) / square);
            second = y * scale;
            has = true;
            return x * scale;
        }
    }

    /** Some scenarios of one date; the losses go into their part of an array. */
    private static final class Part implements Callable<Void> {
        private final Portfolio loans;
        private final SplittableRandom chance;
        private final double[] losses;
        private final int from;

        Part(Portfolio loans, SplittableRandom chance, double[] losses, int from) {
            this.loans = loans;
            this.chance = chance;
            this.losses = losses;
            this.from = from;
        }

        @Override
        public Void call() {
            Normal normal = new Normal(chance);
            double[] mood = new double[INDUSTRIES];
            for (int scenario = from; scenario < from + PART; scenario++) {
                double economy = normal.next();
                for (int i = 0; i < INDUSTRIES; i++) {
                    mood[i] = 0.3 * economy + 0.25 * normal.next();
                }
                losses[scenario] = lost(mood, normal);
            }
            return null;
        }

        private double lost(double[] mood, Normal normal) {
            double sum = 0;
            for (int loan = 0; loan < LOANS; loan++) {
                if (mood[loans.industry[loan]] + 0.92 * normal.next() < loans.threshold[loan]) {
                    sum += loans.exposure[loan] * loans.loss[loan];
                }
            }
            return sum;
        }
    }

    private final ExecutorService workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    private final SplittableRandom chance = new SplittableRandom(2026);
    private final Portfolio loans = new Portfolio(chance.split());
    private final double[] losses = new double[SCENARIOS];

    private String night(int date) throws InterruptedException, ExecutionException {
        List<Part> parts = new ArrayList<>();
        for (int from = 0; from < SCENARIOS; from += PART) {
            parts.add(new Part(loans, chance.split(), losses, from));
        }
        for (Future<Void> done : workers.invokeAll(parts)) {
            done.get();
        }
        Arrays.sort(losses);
        int tail = SCENARIOS / 100;
        double worst = Arrays.stream(losses, SCENARIOS - tail, SCENARIOS).average().orElse(0);
        double mean = Arrays.stream(losses).average().orElse(0);
        return String.format("%d mean %.0f, at risk %.0f, shortfall %.0f", date, mean, losses[SCENARIOS - tail], worst);
    }

    private void run() throws IOException, InterruptedException, ExecutionException {
        for (int date = 0; ; ) {
            try (PrintWriter out = new PrintWriter("figures.txt")) {
                for (int end = date + DATES_KEPT; date < end; date++) {
                    long began = System.nanoTime();
                    out.println(night(date) + ", " + (System.nanoTime() - began) / 1_000_000 + " ms");
                    out.flush();
                    loans.age(chance);
                }
            }
        }
    }

    public static void main(String[] args) throws Exception {
        CreditScenarios scenarios = new CreditScenarios();
        System.out.println("ready " + ProcessHandle.current().pid());
        scenarios.run();
    }
}
