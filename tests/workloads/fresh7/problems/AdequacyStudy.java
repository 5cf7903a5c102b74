// expect: pattern=pool-oversized bench
// Tells for each area of a power grid how often its load cannot be met: years are drawn with failing plants (Monte
// Carlo), and the risk is told anew all the time, from the newest load. An operator sees each result as it comes.
// Measured: 17 to 28 ms of CPU for a study, and 1.55 s from begin to end; in the twin as much CPU, and 0.34 s (both
// beside other work: 16 % of a core was left for the twin, 90 % for this).
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

public class AdequacyStudy {
    static final int AREAS = 48;
    static final int HOURS = 8760;
    static final int YEARS = 60;

    record Plant(double megawatts, double failure, double repair) {}

    record Risk(String area, double hoursOfLoss, double unserved) {}

    /** Load by the hour: days, weeks and seasons, and a factor that telemetry moves. */
    static final class LoadCurve {
        private final double[] shape = new double[HOURS];
        private volatile double factor = 1;

        LoadCurve(double peak, SplittableRandom random) {
            for (int hour = 0; hour < HOURS; hour++) {
                double day = Math.sin((hour % 24 - 7) * Math.PI / 12);
                double season = Math.cos(hour * 2 * Math.PI / HOURS);
                double week = hour / 24 % 7 < 5 ? 0.05 : -0.05;
                shape[hour] = peak * (0.68 + 0.16 * day + 0.12 * season + week + 0.02 * random.nextDouble());
            }
        }

        void scale(double factor) {
            this.factor = factor;
        }

        double at(int hour) {
            return shape[hour] * factor;
        }
    }

    /** Draws years for one area. */
    static final class Simulation {
        private final List<Plant> plants;
        private final LoadCurve load;
        private final SplittableRandom random;

        Simulation(List<Plant> plants, LoadCurve load, SplittableRandom random) {
            this.plants = plants;
            this.load = load;
            this.random = random;
        }

        Risk run(String area) {
            boolean[] up = new boolean[plants.size()];
            Arrays.fill(up, true);
            double missing = 0;
            int hours = 0;
            for (int year = 0; year < YEARS; year++) {
                for (int hour = 0; hour < HOURS; hour++) {
                    double available = 0;
                    for (int number = 0; number < up.length; number++) {
                        Plant plant = plants.get(number);
                        double chance = random.nextDouble();
                        up[number] = up[number] ? chance >= plant.failure() : chance < plant.repair();
                        available += up[number] ? plant.megawatts() : 0;
                    }
                    double lack = load.at(hour) - available;
                    if (lack > 0) {
                        hours++;
                        missing += lack;
                    }
                }
            }
            return new Risk(area, (double) hours / YEARS, missing / YEARS);
        }
    }

    /** An area studies its risk again and again. */
    static final class Area {
        final String name;
        final LoadCurve load;
        private final Simulation simulation;
        private final Board board;
        private final ExecutorService worker = Executors.newSingleThreadExecutor(); // <- cost

        Area(int number, Board board) {
            SplittableRandom random = new SplittableRandom(number);
            List<Plant> plants = new ArrayList<>();
            for (int plant = 0; plant < 14 + number % 9; plant++) {
                plants.add(new Plant(40 + 20 * random.nextInt(12), 0.001 + 0.002 * random.nextDouble(), 0.02));
            }
            this.name = "area-" + number;
            this.load = new LoadCurve(plants.stream().mapToDouble(Plant::megawatts).sum() * 0.9, random);
            this.simulation = new Simulation(plants, load, random.split());
            this.board = board;
        }

        void start() {
            worker.execute(this::study); // <- cost
        }

        private void study() {
            long began = System.nanoTime();
            Risk risk = simulation.run(name); // <- cost
            board.put(risk, System.nanoTime() - began);
            start(); // <- cost
        }
    }

    /** The newest result of each area. */
    static final class Board {
        private final Map<String, Risk> latest = new ConcurrentHashMap<>();
        private final AtomicLong studies = new AtomicLong();
        private final AtomicLong nanos = new AtomicLong();

        void put(Risk risk, long took) {
            latest.put(risk.area(), risk);
            studies.incrementAndGet();
            nanos.addAndGet(took);
        }

        void write(Path path) throws IOException {
            long done = studies.get();
            StringBuilder text = new StringBuilder();
            text.append(String.format("%d studies, %.1f ms each%n", done, nanos.get() / 1e6 / Math.max(1, done)));
            latest.values().stream().sorted(Comparator.comparingDouble(Risk::unserved).reversed()).limit(5)
                .forEach(risk -> text.append(String.format("%s %.1f h%n", risk.area(), risk.hoursOfLoss())));
            Files.writeString(path, text);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Board board = new Board();
        List<Area> areas = new ArrayList<>();
        for (int number = 0; number < AREAS; number++) { // <- cost
            areas.add(new Area(number, board)); // <- cost
        }
        areas.forEach(Area::start); // <- cost
        System.out.println("ready " + ProcessHandle.current().pid());
        SplittableRandom telemetry = new SplittableRandom(99);
        while (true) {
            Thread.sleep(500);
            areas.get(telemetry.nextInt(AREAS)).load.scale(0.95 + 0.1 * telemetry.nextDouble());
            board.write(Path.of("risk.log"));
        }
    }
}
