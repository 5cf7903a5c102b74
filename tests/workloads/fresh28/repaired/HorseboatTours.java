// expect: healthy bench build: jackson-databind.jar jackson-core.jar jackson-annotations.jar

/*
 * Tours of the horse-drawn boats on a canal: takes orders for crates as they come in, puts each into the tour where it
 * costs the least, and publishes the plan for the boatmen once in a second.
 *
 * Measured: at 40 orders a second 0.32 to 0.36 cores before, 0.03 cores after.
 */
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class HorseboatTours {
    static final int BOATS = 14;
    static final int LONGEST_TOUR = 16;
    static final int ORDERS_PER_SECOND = 40;
    static final double MINUTES_PER_KILOMETRE = 14;
    static final int LANDING_MINUTES = 6;

    public static class Stop {
        public int order;
        public String landing;
        public String customer;
        public double x;
        public double y;
        public int crates;
        public int latest;
        public String remark;
    }

    public static class Tour {
        public int boat;
        public int start;
        public double x;
        public double y;
        public List<Stop> stops = new ArrayList<>();
    }

    static double kilometres(double x1, double y1, double x2, double y2) {
        return Math.abs(x1 - x2) + Math.abs(y1 - y2); // canals run along the streets
    }

    static class Planner {
        final ObjectMapper mapper = new ObjectMapper();
        final List<Tour> plan = new ArrayList<>();
        int refused;
        int taken;

        Planner(Random random) {
            for (int boat = 0; boat < BOATS; boat++) {
                Tour tour = new Tour();
                tour.boat = boat;
                tour.start = 360 + 10 * (boat % 4);
                tour.x = random.nextInt(8);
                tour.y = random.nextInt(8);
                plan.add(tour);
            }
        }

        /** The minutes that a tour takes, and a penalty for what comes too late. */
        double cost(Tour tour) {
            double minutes = 0;
            double late = 0;
            double x = tour.x;
            double y = tour.y;
            for (Stop stop : tour.stops) {
                minutes += kilometres(x, y, stop.x, stop.y) * MINUTES_PER_KILOMETRE + LANDING_MINUTES;
                late += Math.max(0, tour.start + minutes - stop.latest);
                x = stop.x;
                y = stop.y;
            }
            return minutes + 3 * late;
        }

        boolean take(Stop order) {
            Tour best = null;
            int place = 0;
            double least = Double.MAX_VALUE;
            for (Tour tour : plan) {
                if (tour.stops.stream().mapToInt(stop -> stop.crates).sum() + order.crates > 240) {
                    continue;
                }
                double before = cost(tour);
                for (int position = 0; position <= tour.stops.size(); position++) {
                    tour.stops.add(position, order);
                    double more = cost(tour) - before;
                    tour.stops.remove(position);
                    if (more < least) {
                        least = more;
                        best = tour;
                        place = position;
                    }
                }
            }
            if (best == null) {
                refused++;
                return false;
            }
            best.stops.add(place, order);
            taken++;
            return true;
        }

        /** The boats land: what is in front of a long tour is done. */
        void land() {
            for (Tour tour : plan) {
                while (tour.stops.size() > LONGEST_TOUR) {
                    Stop done = tour.stops.remove(0);
                    tour.x = done.x;
                    tour.y = done.y;
                }
            }
        }

        void publish(Path file) throws IOException {
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            mapper.writeValue(fresh.toFile(), Map.of("taken", taken, "refused", refused, "tours", plan));
            Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Stands for the customers: writes orders as the shop sends them. */
    static class Shop implements Runnable {
        final BlockingQueue<String> orders;
        final ObjectMapper mapper = new ObjectMapper();
        final Random random = new Random(19);
        int number;

        Shop(BlockingQueue<String> orders) {
            this.orders = orders;
        }

        @Override
        public void run() {
            Stop stop = new Stop();
            stop.order = ++number;
            stop.landing = "landing " + random.nextInt(64);
            stop.customer = "customer " + random.nextInt(900);
            stop.x = random.nextInt(80) / 10.0;
            stop.y = random.nextInt(80) / 10.0;
            stop.crates = 1 + random.nextInt(12);
            stop.latest = 480 + 15 * random.nextInt(50);
            stop.remark = random.nextInt(3) == 0 ? "ring the bell at the lock-keeper's house" : "";
            try {
                orders.add(mapper.writeValueAsString(stop));
            } catch (IOException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        BlockingQueue<String> orders = new LinkedBlockingQueue<>();
        Planner planner = new Planner(new Random(4));
        Shop shop = new Shop(orders);
        for (int i = 0; i < BOATS * LONGEST_TOUR; i++) {
            shop.run();
            planner.take(planner.mapper.readValue(orders.take(), Stop.class));
            planner.land();
        }
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "shop");
            thread.setDaemon(true);
            return thread;
        });
        timer.scheduleAtFixedRate(shop, 0, 1_000_000 / ORDERS_PER_SECOND, TimeUnit.MICROSECONDS);
        Path file = Path.of("plan.json").toAbsolutePath();
        long due = System.nanoTime();
        boolean told = false;
        while (true) {
            String text = orders.poll(Math.max(1, due - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (text != null) {
                planner.take(planner.mapper.readValue(text, Stop.class));
                planner.land();
            }
            if (System.nanoTime() >= due) {
                planner.publish(file);
                due = System.nanoTime() + 1_000_000_000L;
                if (!told && planner.taken > BOATS * LONGEST_TOUR) {
                    told = true;
                    System.out.println("ready " + ProcessHandle.current().pid());
                    System.out.flush();
                }
            }
        }
    }
}
