// expect: healthy bench
// Makes thumbnails of pictures in a pool of as many threads as cores; each keeps its buffers. A client waits when it is full.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32;

public class ThumbnailPool {
    static final int CORES = Math.max(2, Runtime.getRuntime().availableProcessors());
    static final int WIDTH = 640, HEIGHT = 480, PART = 8;
    static final LongAdder made = new LongAdder(), checks = new LongAdder();

    /** What one thread works with. */
    static class Desk {
        final int[] picture = new int[WIDTH * HEIGHT];
        final byte[] small = new byte[WIDTH / PART * (HEIGHT / PART)];
        final CRC32 check = new CRC32();

        /** Stands for a decoder: a picture of rings around a point. */
        void decode(int number) {
            int x = number * 31 % WIDTH, y = number * 7 % HEIGHT;
            for (int row = 0, at = 0; row < HEIGHT; row++) {
                int up = (row - y) * (row - y);
                for (int column = 0; column < WIDTH; column++, at++) {
                    picture[at] = (up + (column - x) * (column - x)) >> 6 & 0xff;
                }
            }
        }

        long shrink() {
            for (int row = 0, at = 0; row < HEIGHT; row += PART) {
                for (int column = 0; column < WIDTH; column += PART, at++) {
                    int sum = 0;
                    for (int inner = 0; inner < PART; inner++) {
                        int from = (row + inner) * WIDTH + column;
                        for (int i = from; i < from + PART; i++) sum += picture[i];
                    }
                    small[at] = (byte) (sum / (PART * PART));
                }
            }
            check.reset();
            check.update(small);
            return check.getValue();
        }
    }

    static final ThreadLocal<Desk> desk = ThreadLocal.withInitial(Desk::new);

    static void thumbnail(int number) {
        Desk own = desk.get();
        own.decode(number);
        checks.add(own.shrink());
        made.increment();
    }

    static void report() {
        long began = System.nanoTime();
        try {
            while (true) {
                Thread.sleep(1000);
                String line = (System.nanoTime() - began) / 1_000_000 + " " + made.sum() + " thumbnails, " + checks.sum() + "\n";
                Files.writeString(Path.of("thumbnails.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        } catch (IOException | InterruptedException stopped) {
            System.err.println("no more reports: " + stopped);
        }
    }

    public static void main(String[] arguments) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(CORES, CORES, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(32),
            new ThreadPoolExecutor.CallerRunsPolicy());
        new Thread(ThumbnailPool::report, "report").start();
        System.out.println("ready " + ProcessHandle.current().pid());
        for (int number = 0;; number++) {
            int picture = number & 0xffff;
            pool.execute(() -> thumbnail(picture));
        }
    }
}
