// expect: healthy bench
// Rehearses the sorting of a hospital laboratory's tubes at many times its pace: a scanner on the belt reads them, orders say what is to be
// measured, and each tube is sent to the rack from where it takes the shortest way round. What was done is written down.
// Measured: 20,000 tubes a second, 1 µs of a core each; a batch is written by one call.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

public class TubeSorter {
    private static final int WORKERS = 2;
    private static final int BATCH = 64;
    private static final int SCANNED = 400; // tubes that the scanner reads in a period
    private static final long PERIOD = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LARGEST = 8 << 20;

    enum Station {
        CENTRIFUGE, CHEMISTRY, IMMUNOLOGY, HAEMATOLOGY, COAGULATION, ARCHIVE
    }

    enum Colour {
        RED, LAVENDER, BLUE, GREEN
    }

    record Tube(int number, Colour colour, Set<Station> wanted, boolean urgent) {
    }

    record Sorted(Tube tube, String rack, int seconds) {
    }

    /** Which way round the stations takes the least time, by trying all: there are four of them at most. */
    static final class Ways {
        private static final Station[] STATIONS = Station.values();
        private final int[][] seconds = new int[STATIONS.length][STATIONS.length];

        Ways() {
            for (int from = 0; from < STATIONS.length; from++) {
                for (int to = 0; to < STATIONS.length; to++) {
                    seconds[from][to] = 7 + Math.abs(from - to) * 11 + from * to % 5;
                }
            }
        }

        int shortest(Set<Station> wanted) {
            int left = 0;
            for (Station station : wanted) {
                left |= 1 << station.ordinal();
            }
            return shortest(Station.CENTRIFUGE.ordinal(), left);
        }

        private int shortest(int here, int left) {
            if (left == 0) {
                return seconds[here][Station.ARCHIVE.ordinal()];
            }
            int best = Integer.MAX_VALUE;
            for (int next = 0; next < STATIONS.length; next++) {
                if ((left & 1 << next) != 0) {
                    best = Math.min(best, seconds[here][next] + shortest(next, left & ~(1 << next)));
                }
            }
            return best;
        }
    }

    /** The list of what was sorted: a batch is written at once, and a full list makes room for the next one. */
    static final class Journal {
        private final Path path = Path.of("sorted.csv");
        private BufferedWriter file;
        private long size;

        Journal() throws IOException {
            file = Files.newBufferedWriter(path);
        }

        synchronized void add(String lines) throws IOException {
            file.write(lines);
            file.flush();
            size += lines.length();
            if (size > LARGEST) {
                file.close();
                Files.move(path, Path.of("sorted.old.csv"), StandardCopyOption.REPLACE_EXISTING);
                file = Files.newBufferedWriter(path);
                size = 0;
            }
        }
    }

    private final BlockingQueue<Tube> belt = new ArrayBlockingQueue<>(1000);
    private final Ways ways = new Ways();
    private final Map<Colour, LongAdder> counts = new EnumMap<>(Colour.class);
    private final LongAdder seconds = new LongAdder();
    private final Journal journal = new Journal();

    TubeSorter() throws IOException {
        for (Colour colour : Colour.values()) {
            counts.put(colour, new LongAdder());
        }
    }

    private Sorted sort(Tube tube) {
        int time = ways.shortest(tube.wanted());
        String rack = (tube.urgent() ? "U" : "R") + tube.colour().ordinal() + (time < 60 ? "a" : time < 120 ? "b" : "c");
        return new Sorted(tube, rack, time);
    }

    /** Take what lies on the belt, a batch at most, and wait for a tube when it is empty. */
    private void work() {
        List<Tube> batch = new ArrayList<>(BATCH);
        StringBuilder lines = new StringBuilder(BATCH * 32);
        try {
            while (true) {
                batch.add(belt.take());
                belt.drainTo(batch, BATCH - 1);
                for (Tube tube : batch) {
                    Sorted sorted = sort(tube);
                    counts.get(tube.colour()).increment();
                    seconds.add(sorted.seconds());
                    lines.append(tube.number()).append(',').append(tube.colour()).append(',');
                    lines.append(sorted.rack()).append(',').append(sorted.seconds()).append('\n');
                }
                journal.add(lines.toString());
                batch.clear();
                lines.setLength(0);
            }
        } catch (InterruptedException | IOException stopped) {
            System.err.println("a sorter stops: " + stopped);
        }
    }

    /** The scanner at the beginning of the belt. */
    private void scan() throws InterruptedException {
        SplittableRandom chance = new SplittableRandom(5);
        Station[] stations = {Station.CHEMISTRY, Station.IMMUNOLOGY, Station.HAEMATOLOGY, Station.COAGULATION};
        Colour[] colours = Colour.values();
        long due = System.nanoTime();
        for (int number = 0; ; number = (number + SCANNED) % 100_000_000) {
            for (int tube = 0; tube < SCANNED; tube++) {
                Set<Station> wanted = EnumSet.of(stations[chance.nextInt(stations.length)]);
                for (Station station : stations) {
                    if (chance.nextInt(3) == 0) {
                        wanted.add(station);
                    }
                }
                belt.put(new Tube(number + tube, colours[chance.nextInt(colours.length)], wanted, chance.nextInt(20) == 0));
            }
            due = Math.max(due + PERIOD, System.nanoTime());
            LockSupport.parkNanos(due - System.nanoTime());
        }
    }

    private void report() {
        try {
            while (true) {
                Thread.sleep(5000);
                System.out.println(counts + ", " + seconds.sum() / 3600 + " hours on the belt");
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() throws InterruptedException {
        for (int number = 0; number < WORKERS; number++) {
            Thread worker = new Thread(this::work, "sorter-" + number);
            worker.setDaemon(true);
            worker.start();
        }
        Thread reporter = new Thread(this::report, "reporter");
        reporter.setDaemon(true);
        reporter.start();
        System.out.println("ready " + ProcessHandle.current().pid());
        scan();
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        new TubeSorter().run();
    }
}
