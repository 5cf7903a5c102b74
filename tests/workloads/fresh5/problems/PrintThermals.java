// expect: pattern=pool-oversized bench
// Foretells how warm a part gets while a 3D printer works on it: the nozzle goes round, heat spreads in small steps, and
// each step is shared out over a pool of threads.
// Measured: 15 layers a second, 75 ms of a core for each; 110 in the twin, 13 ms each.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;

public class PrintThermals {
    static final int SIDE = 288;
    static final int STEPS = 60; // of a layer

    /** Temperatures in kelvin above the room, by row and column; one field to read, one to write. */
    static class Field {
        private float[] now = new float[SIDE * SIDE], next = new float[SIDE * SIDE];

        /** The heat of these rows after a short while: some goes to the neighbours, some into the air. */
        void spread(int from, int to, float share, float loss) {
            for (int row = Math.max(from, 1); row < Math.min(to, SIDE - 1); row++) {
                for (int at = row * SIDE + 1; at < row * SIDE + SIDE - 1; at++) {
                    float around = now[at - 1] + now[at + 1] + now[at - SIDE] + now[at + SIDE];
                    next[at] = (now[at] + share * (around - 4 * now[at])) * loss;
                }
            }
        }

        void turn() {
            float[] before = now;
            now = next;
            next = before;
        }

        void heat(int row, int column, float kelvin) {
            for (int dy = -1; dy <= 1; dy++) {
                for (int dx = -1; dx <= 1; dx++) now[(row + dy) * SIDE + column + dx] = Math.max(now[(row + dy) * SIDE + column + dx], kelvin);
            }
        }

        float hottest() {
            float most = 0;
            for (float kelvin : now) most = Math.max(most, kelvin);
            return most;
        }

        void rest() {
            Arrays.fill(now, 0);
            Arrays.fill(next, 0);
        }
    }

    /** Where the nozzle is: rings, one inside the other. */
    static class Nozzle {
        private double angle;

        void work(Field field, int layer) {
            angle += 0.11;
            double radius = 20 + 110 * ((layer * 37 + (int) (angle / 6.283)) % 10) / 10.0;
            field.heat((int) (SIDE / 2 + radius * Math.sin(angle)), (int) (SIDE / 2 + radius * Math.cos(angle)), 195);
        }
    }

    static class Simulation implements AutoCloseable {
        private final int threads;
        private final float share, loss;
        private final ExecutorService pool;
        private final Field field = new Field();
        private final Nozzle nozzle = new Nozzle();
        private int layer;

        Simulation(Properties settings) {
            threads = Integer.parseInt(settings.getProperty("threads"));
            share = Float.parseFloat(settings.getProperty("share"));
            loss = Float.parseFloat(settings.getProperty("loss"));
            pool = Executors.newFixedThreadPool(threads); // <- cost
        }

        /** The steps of a layer: each thread has its rows, and goes on when the others are done with theirs. */
        float printLayer() throws InterruptedException, ExecutionException {
            int number = layer++;
            if (number % 200 == 0) field.rest(); // another part
            Phaser together = new Phaser(threads) {
                @Override
                protected boolean onAdvance(int phase, int parties) {
                    field.turn();
                    nozzle.work(field, number);
                    return false;
                }
            };
            List<Callable<Integer>> shares = new ArrayList<>(threads);
            for (int i = 0; i < threads; i++) {
                int from = SIDE * i / threads, to = SIDE * (i + 1) / threads;
                shares.add(() -> steps(together, from, to));
            }
            for (Future<Integer> done : pool.invokeAll(shares)) done.get(); // <- cost
            return field.hottest();
        }

        private int steps(Phaser together, int from, int to) {
            int step = 0;
            for (; step < STEPS; step++) {
                field.spread(from, to, share, loss);
                together.arriveAndAwaitAdvance(); // <- cost
            }
            return step;
        }

        @Override
        public void close() {
            pool.shutdownNow();
        }
    }

    static Properties settings() throws IOException {
        Path file = Path.of("thermals.properties");
        Files.writeString(file, "threads = 96\nshare = 0.2\nloss = 0.9995\n"); // <- cost
        Properties settings = new Properties();
        try (var reader = Files.newBufferedReader(file)) {
            settings.load(reader);
        }
        return settings;
    }

    public static void main(String[] arguments) throws Exception {
        try (Simulation simulation = new Simulation(settings())) {
            System.out.println("ready " + ProcessHandle.current().pid());
            long began = System.nanoTime(), told = began;
            for (long layers = 1;; layers++) {
                float hottest = simulation.printLayer();
                if (System.nanoTime() - told > 1_000_000_000L) {
                    told = System.nanoTime();
                    log(String.format("%d %d layers, up to %.1f K%n", (told - began) / 1_000_000, layers, hottest));
                }
            }
        }
    }

    static void log(String line) throws IOException {
        Files.writeString(Path.of("thermals.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
