// expect: healthy bench
// Checks the prickings of a bobbin lace archive: between each two rows of pins the threads change places, and the
// checker counts how often they must cross, estimates the bobbins' wear by it, and marks rows that no lacemaker
// could work.
//
// Measured: 281 rows in 7 s in both; 3.2 s CPU in 10 s, in the twin 0.2 s (with the start of the JVM).
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public class LaceCrossings {
    /** A row of pins: which thread hangs at which pin, and where each thread is. */
    static final class Row {
        private final int[] threads;
        private final int[] pins;

        Row(int[] threads) {
            this.threads = threads;
            this.pins = new int[threads.length];
            for (int pin = 0; pin < threads.length; pin++) {
                pins[threads[pin]] = pin;
            }
        }

        int width() {
            return threads.length;
        }

        int thread(int pin) {
            return threads[pin];
        }

        int pin(int thread) {
            return pins[thread];
        }

        static Row straight(int width) {
            int[] threads = new int[width];
            Arrays.setAll(threads, i -> i);
            return new Row(threads);
        }
    }

    /** What lies between two rows. */
    static final class Passage {
        final Row upper;
        final Row lower;
        final int number;

        Passage(Row upper, Row lower, int number) {
            this.upper = upper;
            this.lower = lower;
            this.number = number;
        }

        int target(int pin) {
            return lower.pin(upper.thread(pin));
        }
    }

    static final class Finding {
        final int row;
        final long crossings;
        final int widest;
        final double wear;

        Finding(int row, long crossings, int widest, double wear) {
            this.row = row;
            this.crossings = crossings;
            this.widest = widest;
            this.wear = wear;
        }

        boolean workable() {
            return wear < 900 && widest < 4000;
        }
    }

    /** Counts the crossings of a passage: pairs of threads that hang in the other order below. */
    static final class Crossings {
        private long beyond(int[] placed, int target) {
            long found = 0;
            for (int at = target + 1; at > 0; at -= at & -at) {
                found += placed[at];
            }
            return found;
        }

        private void place(int[] placed, int target) {
            for (int at = target + 1; at < placed.length; at += at & -at) {
                placed[at]++;
            }
        }

        /** From the right to the left, with a tree of counts of the places below that are taken. */
        long count(Passage passage) {
            int[] placed = new int[passage.upper.width() + 1];
            long found = 0;
            for (int left = passage.upper.width() - 1; left >= 0; left--) {
                int target = passage.target(left);
                found += beyond(placed, target);
                place(placed, target);
            }
            return found;
        }
    }

    static final class Checker {
        private final Crossings crossings = new Crossings();
        private final AtomicLong checked = new AtomicLong();
        private final AtomicLong refused = new AtomicLong();
        private final AtomicLong crossed = new AtomicLong();

        Finding check(Passage passage) {
            long count = crossings.count(passage);
            int widest = 0;
            for (int pin = 0; pin < passage.upper.width(); pin++) {
                widest = Math.max(widest, Math.abs(passage.target(pin) - pin));
            }
            double wear = Math.sqrt(count) + 0.2 * widest;
            return new Finding(passage.number, count, widest, wear);
        }

        void note(Finding finding) {
            checked.incrementAndGet();
            crossed.addAndGet(finding.crossings);
            if (!finding.workable()) {
                refused.incrementAndGet();
            }
        }
    }

    /** A pricking as the archive holds it; its rows come one after the other, each a reordering of the one above. */
    static final class Pricking {
        private final Random random;
        private Row last;
        private int number;

        Pricking(int width, long seed) {
            random = new Random(seed);
            last = Row.straight(width);
        }

        Passage next() {
            int width = last.width();
            int[] threads = new int[width];
            for (int pin = 0; pin < width; pin++) {
                threads[pin] = last.thread(pin);
            }
            for (int motif = 0; motif < 120; motif++) {
                int from = random.nextInt(width - 260);
                int to = from + 2 + random.nextInt(250);
                for (; from < to; from++, to--) {
                    int held = threads[from];
                    threads[from] = threads[to];
                    threads[to] = held;
                }
            }
            Passage passage = new Passage(last, new Row(threads), number++);
            last = passage.lower;
            return passage;
        }
    }

    static void work(BlockingQueue<Passage> desk, Checker checker) {
        try {
            while (true) {
                checker.note(checker.check(desk.take()));
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] args) throws InterruptedException {
        BlockingQueue<Passage> desk = new ArrayBlockingQueue<>(64);
        Checker checker = new Checker();
        for (int i = 0; i < 2; i++) {
            Thread worker = new Thread(() -> work(desk, checker), "checker-" + i);
            worker.setDaemon(true);
            worker.start();
        }
        List<Pricking> archive = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            archive.add(new Pricking(2800, 70 + i));
        }
        ScheduledExecutorService reader = Executors.newSingleThreadScheduledExecutor();
        AtomicLong turn = new AtomicLong();
        reader.scheduleAtFixedRate(() -> {
            Pricking pricking = archive.get((int) (turn.getAndIncrement() % archive.size()));
            desk.offer(pricking.next());
        }, 0, 25, TimeUnit.MILLISECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            Thread.sleep(7000);
            System.err.println(checker.checked + " rows checked, " + checker.refused + " refused, " + checker.crossed);
        }
    }
}
