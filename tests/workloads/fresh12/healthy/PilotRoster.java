// expect: healthy bench
// The roster of a pilots' brotherhood: which pilot takes which ship in the next hours, so that travel and overtime are
// least and the rules on rest are kept. When the traffic changes, the two planners search on from other beginnings, by
// exchanging ships between pilots, and the better plan of both hangs in the watch room.
// Measured: a plan takes some 20 ms of a core, and the search makes no garbage.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicReference;

public class PilotRoster {
    private static final int PILOTS = 24;
    private static final int SHIPS = 90;
    private static final int PLACES = 9;
    private static final int STEPS = 60_000;
    private static final int REST = 90; // minutes between two ships

    /** A ship: from when a pilot is needed, for how long, from where to where, and the class that it asks for. */
    record Passage(int from, int minutes, int place, int end, int grade) {}

    /** All that a planner has to know; nobody changes it. */
    record Watch(int number, Passage[] passages, int[][] travel, int[] grades, int[] homes) {}

    record Plan(int watch, int cost, int[] pilots) {}

    /** Searches for a plan by exchanges that a falling temperature allows. */
    static final class Search {
        private final int[] pilots = new int[SHIPS];
        private final int[] costs = new int[PILOTS];
        private final int[] best = new int[SHIPS];
        private final SplittableRandom chance;

        Search(long seed) {
            chance = new SplittableRandom(seed);
        }

        /** What the passages of a pilot cost, which lie in the order of time. */
        private int cost(Watch watch, int pilot) {
            int cost = 0;
            int free = -REST;
            int place = watch.homes()[pilot];
            int worked = 0;
            Passage[] passages = watch.passages();
            for (int ship = 0; ship < SHIPS; ship++) {
                if (pilots[ship] != pilot) {
                    continue;
                }
                Passage passage = passages[ship];
                int travel = watch.travel()[place][passage.place()];
                int late = free + REST + travel - passage.from();
                cost += travel + (late > 0 ? 40 * late : 0);
                cost += passage.grade() > watch.grades()[pilot] ? 5000 : 0;
                worked += passage.minutes() + travel;
                free = passage.from() + passage.minutes();
                place = passage.end();
            }
            return cost + watch.travel()[place][watch.homes()[pilot]] + 3 * Math.max(0, worked - 480);
        }

        Plan run(Watch watch) {
            int sum = 0;
            for (int ship = 0; ship < SHIPS; ship++) {
                pilots[ship] = chance.nextInt(PILOTS);
            }
            for (int pilot = 0; pilot < PILOTS; pilot++) {
                costs[pilot] = cost(watch, pilot);
                sum += costs[pilot];
            }
            int least = sum;
            System.arraycopy(pilots, 0, best, 0, SHIPS);
            for (int step = 0; step < STEPS; step++) {
                int ship = chance.nextInt(SHIPS);
                int before = pilots[ship];
                int after = chance.nextInt(PILOTS);
                if (after == before) {
                    continue;
                }
                pilots[ship] = after;
                int giving = cost(watch, before);
                int taking = cost(watch, after);
                int change = giving + taking - costs[before] - costs[after];
                double warmth = 400.0 * (STEPS - step) / STEPS;
                if (change > 0 && chance.nextDouble() * warmth < change) {
                    pilots[ship] = before;
                    continue;
                }
                costs[before] = giving;
                costs[after] = taking;
                sum += change;
                if (sum < least) {
                    least = sum;
                    System.arraycopy(pilots, 0, best, 0, SHIPS);
                }
            }
            return new Plan(watch.number(), least, best.clone());
        }
    }

    /** Plans one watch after the other. */
    static final class Planner extends Thread {
        private final BlockingQueue<Watch> asked = new ArrayBlockingQueue<>(4);
        private final AtomicReference<Plan> board;
        private final Search search;
        volatile int plans;

        Planner(int number, AtomicReference<Plan> board) {
            super("planner-" + number);
            setDaemon(true);
            this.board = board;
            this.search = new Search(number);
        }

        void ask(Watch watch) throws InterruptedException {
            asked.put(watch);
        }

        private static Plan better(Plan hangs, Plan found) {
            boolean newer = hangs == null || found.watch() > hangs.watch();
            return newer || found.watch() == hangs.watch() && found.cost() < hangs.cost() ? found : hangs;
        }

        @Override
        public void run() {
            try {
                while (true) {
                    Plan found = search.run(asked.take());
                    board.accumulateAndGet(found, Planner::better);
                    plans++;
                }
            } catch (InterruptedException stopped) {
                interrupt();
            }
        }
    }

    /** The traffic of the next hours; with every change it is another. */
    static Watch watch(int number, int[][] travel, int[] grades, int[] homes) {
        Random chance = new Random(number);
        Passage[] passages = new Passage[SHIPS];
        for (int ship = 0; ship < SHIPS; ship++) {
            int from = chance.nextInt(1440);
            int grade = 1 + chance.nextInt(3);
            passages[ship] = new Passage(from, 60 + chance.nextInt(180), chance.nextInt(PLACES), chance.nextInt(PLACES), grade);
        }
        Arrays.sort(passages, (one, other) -> Integer.compare(one.from(), other.from()));
        return new Watch(number, passages, travel, grades, homes);
    }

    private static int[][] distances(Random chance) {
        int[][] travel = new int[PLACES][PLACES];
        for (int one = 0; one < PLACES; one++) {
            for (int other = 0; other < one; other++) {
                travel[one][other] = travel[other][one] = 10 + chance.nextInt(90);
            }
        }
        return travel;
    }

    private static void hang(Path file, Plan plan) throws IOException {
        StringBuilder text = new StringBuilder(2048);
        text.append("watch ").append(plan.watch()).append(", cost ").append(plan.cost()).append('\n');
        for (int ship = 0; ship < SHIPS; ship++) {
            text.append("ship ").append(ship).append(" pilot ").append(plan.pilots()[ship]).append('\n');
        }
        Files.writeString(file, text);
    }

    public static void main(String[] arguments) throws Exception {
        Path file = Files.createTempDirectory("pilot-roster-").resolve("roster.txt");
        Random chance = new Random(17);
        int[][] travel = distances(chance);
        int[] grades = chance.ints(PILOTS, 1, 4).toArray();
        int[] homes = chance.ints(PILOTS, 0, PLACES).toArray();
        AtomicReference<Plan> board = new AtomicReference<>();
        Planner[] planners = {new Planner(1, board), new Planner(2, board)};
        for (Planner planner : planners) {
            planner.start();
        }
        for (int number = 1; ; number++) {
            Watch watch = watch(number, travel, grades, homes);
            for (Planner planner : planners) {
                planner.ask(watch);
            }
            Thread.sleep(120);
            if (number == 15) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (number % 10 == 0 && board.get() != null) {
                hang(file, board.get());
            }
        }
    }
}
