// expect: healthy bench
// Follows a slick of coral spawn over a reef: thousands of bundles drift with tide, wind and eddies, each keeps
// its recent track, and the reef's wardens get told how many have come near each of the settlement plates.
//
// Measured: 40 steps a second in both; 2.9 s CPU in 10 s, of which the collector has two thirds, in the twin 0.4 s and
// no collection.
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public class CoralSpawn {
    static final int BUNDLES = 11000;
    static final int KEPT = 48;
    static final double REEF = 4000;

    /** Where each bundle was at its latest steps: a ring of fixes for each, all in one flat array. */
    static final class Tracks {
        private final double[] fixes = new double[BUNDLES * KEPT * 2];
        private int newest;
        private int kept = 1;

        void begin(int bundle, double east, double north) {
            int at = bundle * KEPT * 2;
            fixes[at] = east;
            fixes[at + 1] = north;
        }

        /** All the bundles move on to their next fix at once. */
        void advance() {
            newest = (newest + 1) % KEPT;
            kept = Math.min(kept + 1, KEPT);
        }

        void set(int bundle, double east, double north) {
            int at = (bundle * KEPT + newest) * 2;
            fixes[at] = east;
            fixes[at + 1] = north;
        }

        int before(int bundle) {
            return (bundle * KEPT + (newest + KEPT - 1) % KEPT) * 2;
        }

        double at(int place) {
            return fixes[place];
        }

        /** How far the bundle has come since the oldest fix kept. */
        double drift(int bundle) {
            int now = (bundle * KEPT + newest) * 2;
            int oldest = (bundle * KEPT + (newest + KEPT - kept + 1) % KEPT) * 2;
            return Math.hypot(fixes[now] - fixes[oldest], fixes[now + 1] - fixes[oldest + 1]);
        }
    }

    /** The water: a tide that turns, a steady wind, and eddies behind the bommies. */
    static final class Water {
        private final double[] eddies = new double[32];

        Water(Random random) {
            for (int i = 0; i < eddies.length; i++) {
                eddies[i] = random.nextDouble() - 0.5;
            }
        }

        private double eddy(double along, double across) {
            int cell = (int) (along / 125) & 31;
            return eddies[cell] * (1 - Math.abs(across / REEF - 0.5));
        }

        double eastward(double east, double north, double tide) {
            return 1.9 * tide + 3 * eddy(north, east) + 0.3;
        }

        double northward(double east, double north, double tide) {
            return 0.8 * tide + 3 * eddy(east, north) - 0.1;
        }
    }

    /** A plate on which larvae may settle. */
    static final class Plate {
        final double east;
        final double north;
        long near;

        Plate(double east, double north) {
            this.east = east;
            this.north = north;
        }
    }

    static final class Plates {
        private final Plate[][] cells = new Plate[16][16];

        Plates(Random random) {
            for (Plate[] row : cells) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = new Plate(random.nextDouble() * 250, random.nextDouble() * 250);
                }
            }
        }

        void pass(double east, double north) {
            int column = (int) (east / 250) & 15;
            int row = (int) (north / 250) & 15;
            Plate plate = cells[row][column];
            double dx = east - column * 250 - plate.east;
            double dy = north - row * 250 - plate.north;
            if (dx * dx + dy * dy < 400) {
                plate.near++;
            }
        }

        long near() {
            long sum = 0;
            for (Plate[] row : cells) {
                for (Plate plate : row) {
                    sum += plate.near;
                }
            }
            return sum;
        }
    }

    static final class Slick {
        private final Tracks tracks = new Tracks();
        private final Water water;
        private final Plates plates;
        private final AtomicLong steps = new AtomicLong();
        private volatile double meanDrift;

        Slick(Random random) {
            water = new Water(random);
            plates = new Plates(random);
            for (int i = 0; i < BUNDLES; i++) {
                tracks.begin(i, 1500 + random.nextDouble() * 900, 1500 + random.nextDouble() * 900);
            }
        }

        private double wrapped(double at) {
            return at < 0 ? at + REEF : at >= REEF ? at - REEF : at;
        }

        void step() {
            double tide = Math.sin(steps.incrementAndGet() / 240.0);
            double drifted = 0;
            tracks.advance();
            for (int bundle = 0; bundle < BUNDLES; bundle++) {
                int before = tracks.before(bundle);
                double east = tracks.at(before);
                double north = tracks.at(before + 1);
                double to = wrapped(east + water.eastward(east, north, tide));
                double up = wrapped(north + water.northward(east, north, tide));
                tracks.set(bundle, to, up);
                plates.pass(to, up);
                drifted += tracks.drift(bundle);
            }
            meanDrift = drifted / BUNDLES;
        }
    }

    static Runnable guarded(Runnable step) {
        return () -> {
            try {
                step.run();
            } catch (RuntimeException failure) {
                System.err.println("step failed: " + failure);
            }
        };
    }

    public static void main(String[] args) throws InterruptedException {
        Slick slick = new Slick(new Random(8));
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(guarded(slick::step), 0, 25, TimeUnit.MILLISECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            Thread.sleep(7000);
            long gc = 0;
            for (var bean : java.lang.management.ManagementFactory.getGarbageCollectorMXBeans()) {
                gc += bean.getCollectionTime();
            }
            System.err.printf("%d steps, %d near plates, mean drift %.1f m, %d ms in collections%n",
                slick.steps.get(), slick.plates.near(), slick.meanDrift, gc);
        }
    }
}
