// expect: healthy bench
// The herd book of a breeders' association: takes the milk that each cow gave, and keeps the last weeks for the breeders.
// Measured: 788,000 milkings a second on a busy machine; 86,000 in the twin that has the problem.
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

public class PedigreeBook {
    static final int COWS = 11_000;
    static final int KEPT = 60;

    /** A cow and her last milkings. */
    static class Cow {
        final long tag;
        final long dam;
        private final int[] grams = new int[KEPT]; // a ring
        private final short[] fat = new short[KEPT];
        private int milkings;

        Cow(long tag, long dam) {
            this.tag = tag;
            this.dam = dam;
        }

        /** What stands in the paper book. */
        void restore(int grams) {
            for (int day = 0; day < KEPT; day++) milked(grams + day * 31 % 900, (short) 40);
        }

        void milked(int grams, short fat) {
            int at = milkings++ % KEPT;
            this.grams[at] = grams;
            this.fat[at] = fat;
        }

        /** Grams of fat in what is kept. */
        long fat() {
            long sum = 0;
            for (int at = 0; at < days(); at++) sum += (long) grams[at] * fat[at] / 1000;
            return sum;
        }

        int days() {
            return Math.min(milkings, KEPT);
        }
    }

    private final Map<Long, Cow> cows = new HashMap<>();
    private final PrintWriter log;
    private long milkings;
    private long best;

    PedigreeBook(PrintWriter log) {
        this.log = log;
        for (int n = 0; n < COWS; n++) {
            long tag = tag(n);
            Cow cow = new Cow(tag, n < 100 ? 0 : tag(n / 2));
            cow.restore(12_000 + n % 5000);
            cows.put(tag, cow);
        }
    }

    static long tag(int n) {
        return 276_000_000_000L + n * 7919L % 1_000_003;
    }

    void milked(long tag, int grams, short fat) {
        Cow cow = cows.get(tag);
        if (cow == null || grams < 500 || grams > 60_000) return; // the scale was wrong
        cow.milked(grams, fat);
        milkings++;
    }

    /** The breeding value: her own yield, and half of what her dam gave, and so on. */
    double value(long tag) {
        double value = 0, share = 1;
        for (Cow cow = cows.get(tag); cow != null && share > 0.1; cow = cows.get(cow.dam)) {
            value += share * cow.fat() / Math.max(1, cow.days());
            share /= 2;
        }
        return value;
    }

    void day(int day, SplittableRandom random) {
        for (int n = 0; n < COWS; n++) {
            int grams = 9000 + random.nextInt(14_000) + n % 700;
            milked(tag(n), grams, (short) (34 + random.nextInt(14)));
        }
        double highest = 0;
        for (int n = day % 20; n < COWS; n += 200) {
            double value = value(tag(n));
            if (value > highest) {
                highest = value;
                best = tag(n);
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        try (PrintWriter log = new PrintWriter(Files.newBufferedWriter(Path.of("herd.log")), true)) {
            PedigreeBook book = new PedigreeBook(log);
            SplittableRandom random = new SplittableRandom(3);
            long told = System.nanoTime(), counted = 0;
            System.out.println("ready " + ProcessHandle.current().pid());
            for (int day = KEPT;; day++) {
                book.day(day, random);
                long passed = System.nanoTime() - told;
                if (passed > 1_000_000_000L) {
                    book.log.printf("day %d: %.0f milkings a second, the best is %d%n", day,
                        (book.milkings - counted) * 1e9 / passed, book.best);
                    counted = book.milkings;
                    told = System.nanoTime();
                }
            }
        }
    }
}
