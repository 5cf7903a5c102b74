// expect: healthy bench
// Watches the load of a mobile network's cells: the counters of a period come in one burst, a worker for each core sums
// them up by cell, and what neighbours could take over of a crowded cell is worked out and kept for the operators.
// Measured: a period takes 21 ms of CPU on two workers, four times a second; 9 % of a core.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class CellLoad {
    static final int CELLS = 6000;
    static final int COUNTERS = 48;
    static final int WORKERS = 2;
    static final long PERIOD = 250;

    /** Cells in the plane, with the nearest others of each. */
    static final class Network {
        final double[] x = new double[CELLS];
        final double[] y = new double[CELLS];
        final int[] capacity = new int[CELLS];
        final int width = 40;
        private final List<List<Integer>> squares = new ArrayList<>();

        Network(long seed) {
            SplittableRandom dice = new SplittableRandom(seed);
            for (int square = 0; square < width * width; square++) {
                squares.add(new ArrayList<>());
            }
            for (int cell = 0; cell < CELLS; cell++) {
                x[cell] = dice.nextDouble() * width;
                y[cell] = dice.nextDouble() * width;
                capacity[cell] = 5000 + dice.nextInt(2500);
                squares.get((int) y[cell] * width + (int) x[cell]).add(cell);
            }
        }

        /** Those within reach, from the squares around. */
        int[] neighbours(int cell) {
            List<Integer> found = new ArrayList<>();
            int column = (int) x[cell];
            int row = (int) y[cell];
            for (int r = Math.max(0, row - 1); r <= Math.min(width - 1, row + 1); r++) {
                for (int c = Math.max(0, column - 1); c <= Math.min(width - 1, column + 1); c++) {
                    for (int other : squares.get(r * width + c)) {
                        double far = Math.hypot(x[other] - x[cell], y[other] - y[cell]);
                        if (other != cell && far < 1) {
                            found.add(other);
                        }
                    }
                }
            }
            return found.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    /** The lists of neighbours that were used last; a list that is pushed out is made again when needed. */
    static final class Known extends LinkedHashMap<Integer, int[]> {
        private static final long serialVersionUID = 1;
        private static final int MOST = 500;

        Known() {
            super(2 * MOST, 0.75f, true);
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, int[]> eldest) {
            return size() > MOST;
        }
    }

    /** What one worker has found in its share of the cells. */
    record Part(int crowded, long moved, long total) {
        Part plus(Part other) {
            return new Part(crowded + other.crowded, moved + other.moved, total + other.total);
        }
    }

    static final class Share implements Callable<Part> {
        private final Network network;
        private final int from;
        private final int to;
        private final int[] load;
        private final SplittableRandom counters;
        private final Known known = new Known();

        Share(Network network, int from, int to, int[] load) {
            this.network = network;
            this.from = from;
            this.to = to;
            this.load = load;
            counters = new SplittableRandom(from);
        }

        /** The counters of a cell for the period, weighted by the kind of their traffic. */
        private int sum(int cell) {
            long sum = 0;
            for (int counter = 0; counter < COUNTERS; counter++) {
                sum += (counters.nextInt(220) * (3L + counter % 5)) >> 2;
            }
            return (int) (sum * (4 + cell % 3) / 6);
        }

        @Override
        public Part call() {
            long total = 0;
            long moved = 0;
            int crowded = 0;
            for (int cell = from; cell < to; cell++) {
                load[cell] = sum(cell);
                total += load[cell];
            }
            for (int cell = from; cell < to; cell++) {
                int over = load[cell] - network.capacity[cell];
                if (over <= 0) {
                    continue;
                }
                crowded++;
                for (int other : known.computeIfAbsent(cell, network::neighbours)) {
                    int room = network.capacity[other] - load[other];
                    if (room > 0 && over > 0) {
                        moved += Math.min(room / 2, over);
                        over -= room / 2;
                    }
                }
            }
            return new Part(crowded, moved, total);
        }
    }

    static void publish(int period, Part sum, int[] load) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(Path.of("cells.txt"))) {
            out.write(period + " periods, " + sum.crowded() + " crowded, " + sum.moved() + " of " + sum.total() + "\n");
            for (int cell = 0; cell < CELLS; cell += 10) {
                out.write(cell + "\t" + load[cell] + "\n");
            }
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        Network network = new Network(2023);
        int[] load = new int[CELLS];
        List<Share> shares = new ArrayList<>();
        int size = CELLS / (4 * WORKERS);
        for (int from = 0; from < CELLS; from += size) {
            shares.add(new Share(network, from, Math.min(CELLS, from + size), load));
        }
        ExecutorService workers = Executors.newFixedThreadPool(WORKERS, work -> {
            Thread thread = new Thread(work, "cells");
            thread.setDaemon(true);
            return thread;
        });
        System.out.println("ready " + ProcessHandle.current().pid());
        long due = System.currentTimeMillis();
        for (int period = 1;; period++) {
            Part sum = new Part(0, 0, 0);
            for (int quarter = 0; quarter < 12; quarter++) {
                for (Future<Part> future : workers.invokeAll(shares)) {
                    Part part = future.get();
                    sum = sum.plus(part);
                }
            }
            if (period % 8 == 0) {
                publish(period, sum, load);
            }
            due = Math.max(due + PERIOD, System.currentTimeMillis());
            Thread.sleep(Math.max(0, due - System.currentTimeMillis()));
        }
    }
}
