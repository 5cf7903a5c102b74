// expect: pattern=pool-oversized bench
// Slices models for 3D printers: layer by layer, each in strips that a pool of threads works on: outlines, infill and
// the length of the way. MEASURED
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class LayerSlicer {
    static final int STRIPS = 192;
    static final int ROWS = 6;
    static final int CELLS = 4096;

    /** A vase: how far its wall is from the axis, by height and angle. */
    record Model(int number, double height, double waves, double twist) {
        double radius(double z, double angle) {
            double belly = 28 + 9 * Math.sin(z / height * 5);
            return belly + 2.5 * triangle(waves * angle + twist * z);
        }

        private static double triangle(double at) {
            double part = at / 6.283185307179586;
            part -= Math.floor(part);
            return Math.abs(4 * part - 2) - 1;
        }
    }

    /** What a strip of a layer came to. */
    record Strip(int number, double outline, double infill, int turns) {}

    /** The cells of a strip that the nozzle has passed: one for each thread. */
    static class Raster {
        final short[] cells = new short[ROWS * CELLS];

        void clear() {
            Arrays.fill(cells, (short) 0);
        }

        /** Marks a way along a row; how much of it is new. */
        int mark(int row, int from, int to) {
            int fresh = 0;
            for (int at = row * CELLS + Math.max(from, 0); at < row * CELLS + Math.min(to, CELLS); at++) {
                if (cells[at]++ == 0) fresh++;
            }
            return fresh;
        }
    }

    private static final ThreadLocal<Raster> RASTER = ThreadLocal.withInitial(Raster::new);

    static Strip slice(Model model, double z, int number) {
        Raster raster = RASTER.get();
        raster.clear();
        double outline = 0, infill = 0;
        int turns = 0;
        for (int row = 0; row < ROWS; row++) {
            double y = (number * ROWS + row - STRIPS * ROWS / 2.0) * 80 / (STRIPS * ROWS);
            double radius = model.radius(z, y / 12);
            if (Math.abs(y) >= radius) continue;
            double half = Math.sqrt(radius * radius - y * y);
            int left = (int) ((42 - half) * CELLS / 84), right = (int) ((42 + half) * CELLS / 84);
            outline += 0.02 * (raster.mark(row, left, left + 20) + raster.mark(row, right - 20, right));
            for (int at = left + 20; at < right - 20; at += 240) { // the infill, in squares
                infill += 0.02 * raster.mark(row, at, at + 48);
                turns++;
            }
        }
        return new Strip(number, outline, infill, turns);
    }

    static class Slicer implements AutoCloseable {
        private final ExecutorService pool;
        long layers;
        double way;

        Slicer(Properties settings) {
            pool = Executors.newFixedThreadPool(Integer.parseInt(settings.getProperty("threads"))); // <- cost
        }

        /** The strips of a layer at once, then their sums. */
        void layer(Model model, double z) throws InterruptedException, ExecutionException {
            List<Future<Strip>> strips = new ArrayList<>(STRIPS);
            for (int number = 0; number < STRIPS; number++) {
                int strip = number;
                strips.add(pool.submit(() -> slice(model, z, strip))); // <- cost
            }
            for (Future<Strip> strip : strips) {
                Strip done = strip.get();
                way += done.outline() + done.infill() + 0.4 * done.turns();
            }
            layers++;
        }

        @Override
        public void close() {
            pool.shutdownNow();
        }
    }

    static Properties settings() throws IOException {
        Path file = Path.of("slicer.properties");
        Files.writeString(file, "layer = 0.2\nthreads = 192\n"); // <- cost
        Properties settings = new Properties();
        try (var reader = Files.newBufferedReader(file)) {
            settings.load(reader);
        }
        return settings;
    }

    public static void main(String[] arguments) throws Exception {
        Properties settings = settings();
        double thick = Double.parseDouble(settings.getProperty("layer"));
        try (Slicer slicer = new Slicer(settings)) {
            System.out.println("ready " + ProcessHandle.current().pid());
            long began = System.nanoTime(), told = began;
            for (int number = 0;; number++) {
                Model model = new Model(number, 40 + number % 30, 3 + number % 9, 0.02 * (number % 7));
                for (double z = 0; z < model.height(); z += thick) {
                    slicer.layer(model, z);
                    if (System.nanoTime() - told > 1_000_000_000L) {
                        told = System.nanoTime();
                        log(String.format("%d %d layers, %.1f m%n", (told - began) / 1_000_000, slicer.layers, slicer.way / 1000));
                    }
                }
            }
        }
    }

    static void log(String line) throws IOException {
        Files.writeString(Path.of("slicer.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
