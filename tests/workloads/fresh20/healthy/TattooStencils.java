// bench: healthy
// Makes stencils for a tattoo studio: every 0.8 s a batch of flash sheets is read from the disk, smoothed, reduced to
// outlines and dots, compressed, and written for the thermal printer, by two workers; the light table in the window
// shows small pictures of the stencils, the last few of which are kept.
//
// Measured: 20 stencils a second, in bursts; CPU 0.15 of a core, RSS stays at 80 MiB.
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

public class TattooStencils {
    static final int SIDE = 512;
    static final int DESIGNS = 36;
    static final int BATCH = 16;
    static final int SHOWN = 12;
    static final long ROUND = 800;

    /** What a worker needs for its work; it is used again for the next sheet. */
    static class Bench {
        final int[] smooth = new int[SIDE * SIDE];
        final int[] rows = new int[SIDE * SIDE];
        final byte[] dots = new byte[SIDE * SIDE / 8];
        final byte[] block = new byte[8192];
        final Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        final int[] errors = new int[2 * (SIDE + 2)];
    }

    /** A box filter over 2 * reach + 1 pixels, across and then down; its sums run along. */
    static void smooth(byte[] sheet, Bench bench, int reach) {
        int width = 2 * reach + 1;
        for (int y = 0; y < SIDE; y++) {
            int sum = 0;
            for (int x = -reach; x < SIDE + reach; x++) {
                sum += sheet[y * SIDE + Math.min(SIDE - 1, Math.max(0, x))] & 0xff;
                if (x >= reach) {
                    bench.rows[y * SIDE + x - reach] = sum / width;
                    sum -= sheet[y * SIDE + Math.max(0, x - 2 * reach)] & 0xff;
                }
            }
        }
        int[] sums = new int[SIDE];
        for (int y = -reach; y < SIDE + reach; y++) {
            int in = Math.min(SIDE - 1, Math.max(0, y)) * SIDE;
            int gone = Math.max(0, y - 2 * reach) * SIDE;
            for (int x = 0; x < SIDE; x++) {
                sums[x] += bench.rows[in + x];
                if (y >= reach) {
                    bench.smooth[(y - reach) * SIDE + x] = sums[x] / width;
                    sums[x] -= bench.rows[gone + x];
                }
            }
        }
    }

    /** Outlines where it changes, and dots for what is dark; the error of a dot goes to its neighbours. */
    static int draw(Bench bench) {
        int black = 0;
        int[] errors = bench.errors;
        Arrays.fill(errors, 0);
        Arrays.fill(bench.dots, (byte) 0);
        for (int y = 1; y < SIDE - 1; y++) {
            int here = y % 2 * (SIDE + 2);
            int below = (y + 1) % 2 * (SIDE + 2);
            Arrays.fill(errors, below, below + SIDE + 2, 0);
            for (int x = 1; x < SIDE - 1; x++) {
                int at = y * SIDE + x;
                int across = bench.smooth[at + 1] - bench.smooth[at - 1];
                int down = bench.smooth[at + SIDE] - bench.smooth[at - SIDE];
                int wanted = 128 + bench.smooth[at] / 2 + errors[here + x];
                boolean dot = across * across + down * down > 900 || wanted < 128;
                int error = wanted - (dot ? 0 : 255);
                errors[here + x + 1] += error * 7 / 16;
                errors[below + x - 1] += error * 3 / 16;
                errors[below + x] += error * 5 / 16;
                errors[below + x + 1] += error / 16;
                if (dot) {
                    bench.dots[at / 8] |= (byte) (0x80 >> at % 8);
                    black++;
                }
            }
        }
        return black;
    }

    static byte[] pack(Bench bench) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream(bench.dots.length / 2);
        bench.deflater.reset();
        bench.deflater.setInput(bench.dots);
        bench.deflater.finish();
        while (!bench.deflater.finished()) {
            packed.write(bench.block, 0, bench.deflater.deflate(bench.block));
        }
        return packed.toByteArray();
    }

    record Stencil(int design, int black, int bytes, long check) {}

    /** The light table: a small picture of each of the last stencils. */
    static class LightTable {
        private final Map<Integer, byte[]> pictures = new LinkedHashMap<>(32, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, byte[]> eldest) {
                return size() > SHOWN;
            }
        };

        synchronized void put(int design, byte[] picture) {
            pictures.put(design, picture);
        }

        synchronized byte[] show(int design) {
            return pictures.get(design);
        }
    }

    static class Studio {
        private final Path folder;
        private final LightTable table = new LightTable();
        private final ExecutorService workers = Executors.newFixedThreadPool(2);
        private final ThreadLocal<Bench> benches = ThreadLocal.withInitial(Bench::new);
        final LongAdder made = new LongAdder();
        final LongAdder looks = new LongAdder();

        Studio(Path folder) {
            this.folder = folder;
        }

        private Stencil make(int design) throws IOException {
            Bench bench = benches.get();
            byte[] sheet = Files.readAllBytes(folder.resolve("flash-" + design + ".grey"));
            if (sheet.length != SIDE * SIDE) {
                throw new IOException("sheet " + design + " is torn");
            }
            smooth(sheet, bench, 3);
            int black = draw(bench);
            byte[] packed = pack(bench);
            CRC32 check = new CRC32();
            check.update(packed);
            Path fresh = folder.resolve("stencil-" + design + ".new");
            Files.write(fresh, packed);
            Files.move(fresh, folder.resolve("stencil-" + design), StandardCopyOption.REPLACE_EXISTING);
            table.put(design, picture(bench));
            made.increment();
            return new Stencil(design, black, packed.length, check.getValue());
        }

        private static byte[] picture(Bench bench) {
            int small = SIDE / 8;
            byte[] picture = new byte[small * small];
            for (int y = 0; y < small; y++) {
                for (int x = 0; x < small; x++) {
                    picture[y * small + x] = (byte) Integer.bitCount(bench.dots[y * SIDE + x] & 0xff);
                }
            }
            return picture;
        }

        /** A batch, all of which is done when it returns. */
        List<Stencil> round(int first) throws InterruptedException {
            List<Callable<Stencil>> orders = new ArrayList<>();
            for (int i = 0; i < BATCH; i++) {
                int design = (first + i) % DESIGNS;
                orders.add(() -> make(design));
            }
            List<Stencil> done = new ArrayList<>();
            for (Future<Stencil> stencil : workers.invokeAll(orders)) {
                try {
                    done.add(stencil.get());
                } catch (ExecutionException e) {
                    System.err.println(e.getCause().getMessage());
                }
            }
            return done;
        }

        /** Somebody stands at the window. */
        void look() {
            Random eyes = new Random(7);
            try {
                while (true) {
                    byte[] picture = table.show(eyes.nextInt(DESIGNS));
                    if (picture != null) {
                        looks.increment();
                    }
                    Thread.sleep(80);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static void flash(Path folder, int design) throws IOException {
        byte[] sheet = new byte[SIDE * SIDE];
        Random random = new Random(design);
        double petals = 3 + design % 6;
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                double dx = x - SIDE / 2.0;
                double dy = y - SIDE / 2.0;
                double edge = SIDE * (0.3 + 0.1 * Math.cos(petals * Math.atan2(dy, dx)));
                double grey = Math.hypot(dx, dy) < edge ? 90 + 60 * Math.sin(dx / 19) * Math.cos(dy / 23) : 235;
                sheet[y * SIDE + x] = (byte) (grey + random.nextInt(12));
            }
        }
        Files.write(folder.resolve("flash-" + design + ".grey"), sheet);
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createDirectories(Path.of("studio"));
        for (int design = 0; design < DESIGNS; design++) {
            flash(folder, design);
        }
        Studio studio = new Studio(folder);
        Thread window = new Thread(studio::look, "window");
        window.setDaemon(true);
        window.start();
        for (int first = 0; first < 3 * DESIGNS; first += BATCH) {
            studio.round(first);
        }
        studio.made.reset();
        System.out.println("ready " + ProcessHandle.current().pid());
        long due = System.currentTimeMillis();
        for (int round = 0;; round++) {
            List<Stencil> done = studio.round(round * BATCH);
            if (round % 10 == 9) {
                Stencil last = done.get(done.size() - 1);
                System.err.printf("%d stencils, %d looks, the last one %d dots in %d bytes%n",
                        studio.made.sumThenReset(), studio.looks.sumThenReset(), last.black(), last.bytes());
            }
            due = Math.max(due + ROUND, System.currentTimeMillis() - ROUND);
            Thread.sleep(Math.max(0, due - System.currentTimeMillis()));
        }
    }
}
