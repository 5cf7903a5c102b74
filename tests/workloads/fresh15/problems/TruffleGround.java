// expect: pattern=repeated-computation bench
// Tells truffle hunters how moist the ground is between the probes: probes in the oak plantations send their readings,
// and a hunter's dog collar asks for the moisture where the dog stands, which is estimated from all probes of the
// plantation by kriging.
//
// Measured: 1233 answers in 10 s, in the twin 1245; CPU 4.9 s of 13 s, in the twin 0.5 s.
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.DoubleAdder;

public class TruffleGround {
    record Spot(double east, double north) {
        double to(Spot other) {
            return Math.hypot(east - other.east, north - other.north);
        }
    }

    /** How alike the moisture of two spots is, by their distance. */
    record Variogram(double sill, double range, double nugget) {
        double covariance(double distance) {
            return sill * Math.exp(-distance / range);
        }

        double atProbe() {
            return sill + nugget;
        }
    }

    /** The lower triangle of a symmetric matrix, factored. */
    static class Cholesky {
        private final double[][] lower;

        Cholesky(double[][] matrix) {
            int size = matrix.length;
            lower = new double[size][];
            for (int row = 0; row < size; row++) {
                double[] mine = new double[row + 1];
                for (int column = 0; column <= row; column++) {
                    double[] other = column == row ? mine : lower[column];
                    double sum = matrix[row][column];
                    for (int k = 0; k < column; k++) {
                        sum -= mine[k] * other[k];
                    }
                    mine[column] = column == row ? Math.sqrt(sum) : sum / other[column];
                }
                lower[row] = mine;
            }
        }

        double[] solve(double[] right) {
            int size = lower.length;
            double[] answer = right.clone();
            for (int row = 0; row < size; row++) {
                double sum = answer[row];
                for (int k = 0; k < row; k++) {
                    sum -= lower[row][k] * answer[k];
                }
                answer[row] = sum / lower[row][row];
            }
            for (int row = size - 1; row >= 0; row--) {
                double found = answer[row] / lower[row][row];
                answer[row] = found;
                for (int k = 0; k < row; k++) {
                    answer[k] -= lower[row][k] * found;
                }
            }
            return answer;
        }
    }

    /** The probes of a plantation: where they stand never changes, what they read does. */
    static class Plantation {
        final String name;
        final Variogram variogram;
        final List<Spot> probes;
        private volatile double[] readings;

        Plantation(String name, Variogram variogram, int count, Random random) {
            this.name = name;
            this.variogram = variogram;
            List<Spot> placed = new ArrayList<>(count);
            for (int probe = 0; probe < count; probe++) {
                placed.add(new Spot(random.nextDouble() * 600, random.nextDouble() * 400));
            }
            this.probes = List.copyOf(placed);
            this.readings = new double[count];
        }

        void read(long second) {
            double[] fresh = new double[probes.size()];
            for (int probe = 0; probe < fresh.length; probe++) {
                Spot spot = probes.get(probe);
                fresh[probe] = 0.24 + 0.08 * Math.sin(spot.east() / 90 + second * 0.01) * Math.cos(spot.north() / 70);
            }
            readings = fresh;
        }

        double[] readings() {
            return readings;
        }

        double[][] covariances() {
            int size = probes.size();
            double[][] matrix = new double[size][size];
            for (int row = 0; row < size; row++) {
                for (int column = 0; column < row; column++) {
                    double alike = variogram.covariance(probes.get(row).to(probes.get(column)));
                    matrix[row][column] = matrix[column][row] = alike;
                }
                matrix[row][row] = variogram.atProbe();
            }
            return matrix;
        }
    }

    /** Weighs the probes of one plantation for any spot in it. */
    static class Kriging {
        private static final double MEAN = 0.24;
        private final Plantation plantation;
        private final Cholesky factored;

        Kriging(Plantation plantation) {
            this.plantation = plantation;
            this.factored = new Cholesky(plantation.covariances()); // <- cost
        }

        double at(Spot spot) {
            double[] right = new double[plantation.probes.size()];
            for (int probe = 0; probe < right.length; probe++) {
                right[probe] = plantation.variogram.covariance(spot.to(plantation.probes.get(probe)));
            }
            double[] weights = factored.solve(right);
            double[] readings = plantation.readings();
            double moisture = MEAN;
            for (int probe = 0; probe < weights.length; probe++) {
                moisture += weights[probe] * (readings[probe] - MEAN);
            }
            return moisture;
        }
    }

    record Question(Plantation plantation, Spot dog) {}

    static class Desk implements Runnable {
        private final BlockingQueue<Question> questions;
        final AtomicLong answered = new AtomicLong();
        final DoubleAdder moisture = new DoubleAdder();

        Desk(BlockingQueue<Question> questions) {
            this.questions = questions;
        }

        private Kriging modelOf(Plantation plantation) {
            return new Kriging(plantation); // <- cost
        }

        private double answer(Question question) {
            return modelOf(question.plantation()).at(question.dog());
        }

        @Override
        public void run() {
            try {
                while (true) {
                    moisture.add(answer(questions.take()));
                    answered.incrementAndGet();
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }
    }

    public static void main(String[] arguments) {
        Random random = new Random(11);
        List<Plantation> plantations = List.of(
                new Plantation("Alba", new Variogram(0.004, 80, 0.0004), 210, random),
                new Plantation("Norcia", new Variogram(0.006, 60, 0.0005), 230, random),
                new Plantation("Sarrion", new Variogram(0.003, 95, 0.0003), 220, random));
        BlockingQueue<Question> questions = new ArrayBlockingQueue<>(64);
        Desk desk = new Desk(questions);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        AtomicLong second = new AtomicLong();
        plantations.forEach(plantation -> plantation.read(0));
        clock.scheduleAtFixedRate(() -> {
            long now = second.incrementAndGet();
            plantations.forEach(plantation -> plantation.read(now));
        }, 1, 1, TimeUnit.SECONDS);
        AtomicLong turn = new AtomicLong();
        clock.scheduleAtFixedRate(() -> {
            Plantation plantation = plantations.get((int) (turn.getAndIncrement() % plantations.size()));
            questions.offer(new Question(plantation, new Spot(random.nextDouble() * 600, random.nextDouble() * 400)));
        }, 50, 8, TimeUnit.MILLISECONDS);
        clock.scheduleAtFixedRate(() -> {
            double mean = desk.moisture.sum() / Math.max(1, desk.answered.get());
            System.err.printf("%d answers, mean moisture %.4f%n", desk.answered.get(), mean);
        }, 10, 10, TimeUnit.SECONDS);
        new Thread(desk, "desk").start();
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
