// expect: healthy bench
// Plans the tours of a parcel service: each depot's stops of an hour are put into an order by the nearest neighbour and
// then by exchanges of two legs; a worker for each core, a bounded queue before them, and a pause between two hours.
// Measured: an hour takes 0.13 s on two cores, 95 % of it in the workers; 0.8 of a core with the pauses.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

class TourPlanner {
    static final int DEPOTS = 24;
    static final int HOURS_KEPT = 48;

    /** The stops of one tour: places in metres from the depot, in flat arrays. */
    static final class Stops {
        final int depot;
        final double[] east;
        final double[] north;

        Stops(int depot, int count, Random chance) {
            this.depot = depot;
            east = new double[count];
            north = new double[count];
            for (int at = 1; at < count; at++) {
                east[at] = chance.nextGaussian() * 6000;
                north[at] = chance.nextGaussian() * 6000;
            }
        }

        int count() {
            return east.length;
        }

        double way(int from, int to) {
            double across = east[from] - east[to];
            double along = north[from] - north[to];
            return Math.sqrt(across * across + along * along);
        }
    }

    /** An order of stops and its length. */
    record Tour(int depot, int[] order, double metres) {}

    /** What an hour came to; the orders themselves go to the drivers. */
    record Hour(int number, double kilometres, long exchanges, double seconds) {}

    /** Makes a tour out of stops. */
    static final class Planner {
        private static final int ROUNDS = 8;
        private final LongAdder exchanges = new LongAdder();

        Tour plan(Stops stops) {
            int[] order = nearest(stops);
            int made = 0;
            for (int round = 0; round < ROUNDS; round++) {
                int now = exchange(stops, order);
                made += now;
                if (now == 0) {
                    break;
                }
            }
            exchanges.add(made);
            return new Tour(stops.depot, order, length(stops, order));
        }

        long exchanges() {
            return exchanges.sumThenReset();
        }

        private static int[] nearest(Stops stops) {
            int count = stops.count();
            int[] order = new int[count];
            boolean[] taken = new boolean[count];
            taken[0] = true;
            for (int at = 1; at < count; at++) {
                int best = -1;
                double least = Double.MAX_VALUE;
                for (int next = 1; next < count; next++) {
                    if (!taken[next]) {
                        double way = stops.way(order[at - 1], next);
                        if (way < least) {
                            least = way;
                            best = next;
                        }
                    }
                }
                order[at] = best;
                taken[best] = true;
            }
            return order;
        }

        /** Turns every part of the tour round whose turning makes it shorter. */
        private static int exchange(Stops stops, int[] order) {
            int made = 0;
            int count = order.length;
            for (int first = 1; first < count - 1; first++) {
                for (int last = first + 1; last < count; last++) {
                    int after = order[(last + 1) % count];
                    double now = stops.way(order[first - 1], order[first]) + stops.way(order[last], after);
                    double then = stops.way(order[first - 1], order[last]) + stops.way(order[first], after);
                    if (then < now - 1e-6) {
                        turn(order, first, last);
                        made++;
                    }
                }
            }
            return made;
        }

        private static void turn(int[] order, int first, int last) {
            for (int left = first, right = last; left < right; left++, right--) {
                int kept = order[left];
                order[left] = order[right];
                order[right] = kept;
            }
        }

        private static double length(Stops stops, int[] order) {
            double metres = stops.way(order[order.length - 1], order[0]);
            for (int at = 1; at < order.length; at++) {
                metres += stops.way(order[at - 1], order[at]);
            }
            return metres;
        }
    }

    private final Planner planner = new Planner();
    private final Deque<Hour> hours = new ArrayDeque<>();
    private final Random chance = new Random(29);
    private final ExecutorService workers;

    TourPlanner(int cores) {
        workers = new ThreadPoolExecutor(cores, cores, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(2 * DEPOTS));
    }

    private void hour(int number) throws InterruptedException, ExecutionException {
        long began = System.nanoTime();
        List<Future<Tour>> plans = new ArrayList<>(DEPOTS);
        for (int depot = 0; depot < DEPOTS; depot++) {
            Stops stops = new Stops(depot, 300 + chance.nextInt(200), chance);
            plans.add(workers.submit(() -> planner.plan(stops)));
        }
        double metres = 0;
        for (Future<Tour> plan : plans) {
            metres += plan.get().metres();
        }
        hours.addLast(new Hour(number, metres / 1000, planner.exchanges(), (System.nanoTime() - began) / 1e9));
        if (hours.size() > HOURS_KEPT) {
            hours.removeFirst();
        }
    }

    private void report(Path path) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Hour hour : hours) {
            text.append(String.format("hour %d: %.0f km, %d exchanges, %.3f s%n", hour.number(), hour.kilometres(),
                hour.exchanges(), hour.seconds()));
        }
        Files.writeString(path, text);
    }

    public static void main(String[] arguments) throws Exception {
        TourPlanner service = new TourPlanner(Math.min(2, Runtime.getRuntime().availableProcessors()));
        System.out.println("ready " + ProcessHandle.current().pid());
        for (int number = 0;; number++) {
            service.hour(number);
            if (number % 20 == 0) {
                service.report(Path.of("hours.txt"));
            }
            Thread.sleep(100);
        }
    }
}
