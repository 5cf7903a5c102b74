// expect: healthy bench
/* Counts kelp in the pictures of a towed camera: the tow hands in a burst of frames each half second, two workers mark
   the fronds by colour and shape in buffers of their own, and a timer writes the cover of each transect to a ledger.

   A near miss of an undersized pool: frames do queue for two workers, but these compute, and there are two cores.
   Measured: 1.5 ms of CPU for a frame; both workers compute whenever frames are queued; memory stays at 83 MB.
*/
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class KelpSurvey {
    static final int WIDTH = 480, HEIGHT = 320, BURST = 24, TRANSECTS = 16;

    /** A picture of the camera; frames are handed back to the tow when they are done with. */
    static final class Frame {
        final int[] pixels = new int[WIDTH * HEIGHT];
        int transect;
    }

    /** The towed camera, which fills free frames. */
    static final class Tow {
        private final ArrayBlockingQueue<Frame> free = new ArrayBlockingQueue<>(2 * BURST);
        private int number;
        private int noise = 12345;

        Tow() {
            for (int i = 0; i < 2 * BURST; i++) {
                free.add(new Frame());
            }
        }

        Frame next() throws InterruptedException {
            Frame frame = free.take();
            frame.transect = number++ % TRANSECTS;
            int stripes = 40 + number % 23;
            for (int y = 0; y < HEIGHT; y++) {
                for (int x = 0; x < WIDTH; x++) {
                    noise = noise * 1664525 + 1013904223;
                    boolean frond = (x + y / 6) % stripes < 9;
                    int green = (frond ? 120 : 60) + (noise >>> 27);
                    frame.pixels[y * WIDTH + x] = (frond ? 90 : 30) << 16 | green << 8 | 70;
                }
            }
            return frame;
        }

        void giveBack(Frame frame) {
            free.add(frame);
        }
    }

    /** Marks the fronds of a picture; one for each worker. */
    static final class Marker {
        private final byte[] mask = new byte[WIDTH * HEIGHT];
        private final byte[] eroded = new byte[WIDTH * HEIGHT];

        int cover(Frame frame) {
            for (int i = 0; i < mask.length; i++) {
                int pixel = frame.pixels[i];
                int red = pixel >> 16 & 255, green = pixel >> 8 & 255, blue = pixel & 255;
                mask[i] = (byte) (2 * green - red - blue > 30 && red > 60 ? 1 : 0);
            }
            int marked = 0;
            for (int round = 0; round < 3; round++) {
                marked = erode();
                System.arraycopy(eroded, 0, mask, 0, mask.length);
            }
            return marked;
        }

        private int erode() {
            int left = 0;
            for (int y = 1; y < HEIGHT - 1; y++) {
                for (int x = 1; x < WIDTH - 1; x++) {
                    int at = y * WIDTH + x;
                    int around = mask[at] + mask[at - 1] + mask[at + 1] + mask[at - WIDTH] + mask[at + WIDTH];
                    eroded[at] = (byte) (around >= 4 ? 1 : 0);
                    left += eroded[at];
                }
            }
            return left;
        }
    }

    /** The cover of each transect. */
    static final class Ledger {
        private final LongAdder[] marked = new LongAdder[TRANSECTS];
        private final LongAdder frames = new LongAdder();
        private List<String> lines = List.of();

        Ledger() {
            for (int i = 0; i < TRANSECTS; i++) {
                marked[i] = new LongAdder();
            }
        }

        void add(int transect, int pixels) {
            marked[transect].add(pixels);
            frames.increment();
        }

        void write() {
            List<String> fresh = new ArrayList<>();
            for (int i = 0; i < TRANSECTS; i++) {
                fresh.add(String.format("transect %02d: %d", i, marked[i].sum()));
            }
            lines = fresh;
            if (System.getenv("KELP_REPORT") != null) {
                System.err.println(frames.sum() + " frames, " + lines.get(0));
            }
        }
    }

    private final Tow tow = new Tow();
    private final Ledger ledger = new Ledger();
    private final ExecutorService workers = new ThreadPoolExecutor(2, 2, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(2 * BURST));
    private final ThreadLocal<Marker> marker = ThreadLocal.withInitial(Marker::new);

    private void count(Frame frame) {
        try {
            ledger.add(frame.transect, marker.get().cover(frame));
        } finally {
            tow.giveBack(frame);
        }
    }

    private void burst() {
        try {
            for (int i = 0; i < BURST; i++) {
                Frame frame = tow.next();
                workers.execute(() -> count(frame));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] args) {
        KelpSurvey survey = new KelpSurvey();
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);
        clock.scheduleAtFixedRate(survey::burst, 0, 500, TimeUnit.MILLISECONDS);
        clock.scheduleAtFixedRate(survey.ledger::write, 1, 1, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
