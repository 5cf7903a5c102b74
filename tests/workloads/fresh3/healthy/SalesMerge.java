// expect: healthy bench
// Merges the sales of many tills into one list by time, day after day: each till's are sorted by a thread of a pool as
// large as the machine, then merged through a heap, in arrays that are used again.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

public class SalesMerge {
    static final int TILLS = 32;
    static final int SALES = 30000;

    /** The sales of a till: second of the day, article and cents in one number, so that they sort by time. */
    static class Till {
        final int number;
        final long[] sales = new long[SALES];

        Till(int number) {
            this.number = number;
        }

        Till read(int day) {
            long mixed = day * 7919L + number;
            for (int i = 0; i < SALES; i++) {
                mixed = mixed * 6364136223846793005L + 1442695040888963407L;
                long second = (mixed >>> 40) % 86400, article = (mixed >>> 20) % 4096, cents = 99 + (mixed >>> 33) % 4000;
                sales[i] = second << 40 | article << 20 | cents;
            }
            Arrays.sort(sales);
            return this;
        }
    }

    /** Tills by their next sale, the earliest first. */
    static class Merge {
        private final Till[] tills = new Till[TILLS];
        private final int[] at = new int[TILLS];
        private int size;

        private long next(int place) {
            Till till = tills[place];
            return till.sales[at[till.number]];
        }

        private void sink(int place) {
            Till till = tills[place];
            long key = next(place);
            for (int below = 2 * place + 1; below < size; below = 2 * place + 1) {
                if (below + 1 < size && next(below + 1) < next(below)) below++;
                if (next(below) >= key) break;
                tills[place] = tills[below];
                place = below;
                tills[place] = till;
            }
            tills[place] = till;
        }

        int merge(List<Till> all, long[] into) {
            Arrays.fill(at, 0);
            size = 0;
            for (Till till : all) tills[size++] = till;
            for (int place = size / 2 - 1; place >= 0; place--) sink(place);
            int count = 0;
            while (size > 0) {
                into[count++] = next(0);
                if (++at[tills[0].number] == SALES) tills[0] = tills[--size];
                if (size > 0) sink(0);
            }
            return count;
        }
    }

    /** The busiest minute, and the turnover. */
    static String summary(long[] sales, int count) {
        int busiest = 0, from = 0;
        long cents = 0;
        for (int to = 0; to < count; to++) {
            cents += sales[to] & 0xfffff;
            while ((sales[to] >> 40) - (sales[from] >> 40) >= 60) from++;
            busiest = Math.max(busiest, to - from + 1);
        }
        return cents / 100 + " EUR, " + busiest + " in the busiest minute";
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService readers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        List<Till> tills = new ArrayList<>();
        for (int i = 0; i < TILLS; i++) tills.add(new Till(i));
        long[] merged = new long[TILLS * SALES];
        Merge merge = new Merge();
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime(), told = began;
        for (int day = 0;; day++) {
            int today = day;
            List<Future<Till>> reading = new ArrayList<>();
            for (Till till : tills) reading.add(readers.submit(() -> till.read(today)));
            for (Future<Till> one : reading) one.get();
            String found = summary(merged, merge.merge(tills, merged));
            if (System.nanoTime() - told > 1_000_000_000L) {
                told = System.nanoTime();
                log((told - began) / 1_000_000 + " day " + day + ": " + found + "\n");
            }
        }
    }

    static void log(String line) throws IOException {
        Files.writeString(Path.of("sales.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
