// expect: pattern=thread-churn bench
// The traffic picture of a pilot station: position reports of ships come in from the receivers along the fairway in
// bursts; each moves a track on, and tells whether a ship comes near to another, to the boarding ground or to a shoal.
// Measured: a report costs 140 µs of a core, at 2,400 a second; 8 µs in the twin.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class PilotTraffic {
    private static final int SHIPS = 160;
    private static final double BOARDING_X = 12.0;
    private static final double BOARDING_Y = 4.5;

    /** Miles east and north of the pilot station, knots, and the course in degrees. */
    record Position(int ship, long second, double x, double y, double knots, double course) {
        boolean within(double miles, double otherX, double otherY) {
            double east = x - otherX;
            double north = y - otherY;
            return east * east + north * north < miles * miles;
        }

        Position after(double hours) {
            double way = knots * hours;
            double angle = Math.toRadians(course);
            return new Position(ship, second, x + way * Math.sin(angle), y + way * Math.cos(angle), knots, course);
        }
    }

    record Shoal(String name, double x, double y, double radius) {}

    /** The last positions of a ship. */
    static final class Track {
        private final Deque<Position> positions = new ArrayDeque<>();
        private volatile Position last;

        synchronized void add(Position position) {
            last = position;
            positions.addLast(position);
            if (positions.size() > 12) {
                positions.removeFirst();
            }
        }

        Position last() {
            return last;
        }

        synchronized double meanKnots() {
            double sum = 0;
            for (Position position : positions) {
                sum += position.knots();
            }
            return sum / Math.max(1, positions.size());
        }
    }

    /** All ships, and what the pilots should know about them. */
    static final class Picture {
        private final Map<Integer, Track> tracks = new ConcurrentHashMap<>();
        private final List<Shoal> shoals;
        final LongAdder reports = new LongAdder();
        final LongAdder warnings = new LongAdder();
        final LongAdder boardings = new LongAdder();

        Picture(List<Shoal> shoals) {
            this.shoals = shoals;
        }

        void update(Position position) {
            Track track = tracks.computeIfAbsent(position.ship(), ship -> new Track());
            track.add(position);
            Position soon = position.after(0.1);
            for (Shoal shoal : shoals) {
                if (soon.within(shoal.radius(), shoal.x(), shoal.y())) {
                    warnings.increment();
                }
            }
            for (Track other : tracks.values()) {
                Position seen = other.last();
                if (other != track && seen != null && soon.within(0.05, seen.x(), seen.y())) {
                    warnings.increment();
                }
            }
            if (position.within(1.5, BOARDING_X, BOARDING_Y) && track.meanKnots() < 10) {
                boardings.increment();
            }
            reports.increment();
        }
    }

    /** The receivers along the fairway hand on what they heard, some dozens of reports at a time. */
    static final class Receivers implements Runnable {
        private final Picture picture;
        private final Random chance = new Random(41);
        private final Position[] fleet = new Position[SHIPS];
        private int next;

        Receivers(Picture picture) {
            this.picture = picture;
            for (int ship = 0; ship < SHIPS; ship++) {
                double x = chance.nextDouble() * 30;
                double y = chance.nextDouble() * 12;
                fleet[ship] = new Position(ship, 0, x, y, 4 + chance.nextInt(12), chance.nextInt(360));
            }
        }

        private Position move(Position at) {
            Position moved = at.after(0.003);
            double course = moved.x() < 0 || moved.x() > 30 || moved.y() < 0 || moved.y() > 12
                ? (at.course() + 170) % 360
                : (at.course() + chance.nextDouble() * 4 - 2 + 360) % 360;
            return new Position(at.ship(), at.second() + 10, moved.x(), moved.y(), at.knots(), course);
        }

        private List<Position> heard() {
            List<Position> burst = new ArrayList<>();
            for (int count = 0; count < 96; count++) {
                fleet[next] = move(fleet[next]);
                burst.add(fleet[next]);
                next = (next + 1) % SHIPS;
            }
            return burst;
        }

        @Override
        public void run() {
            for (Position position : heard()) {
                Thread worker = new Thread(() -> picture.update(position), "report-" + position.ship()); // <- cost
                worker.start(); // <- cost
            }
        }
    }

    private static void board(Path file, Picture picture, long seconds) throws IOException {
        long reports = picture.reports.sum();
        String text = reports / Math.max(1, seconds) + " reports a second, " + picture.warnings.sum() + " warnings, "
            + picture.boardings.sum() + " at the boarding ground\n";
        Files.writeString(file, text);
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("pilot-traffic-");
        List<Shoal> shoals = new ArrayList<>();
        Random chance = new Random(5);
        for (int number = 0; number < 12; number++) {
            double radius = 0.1 + chance.nextDouble() / 4;
            shoals.add(new Shoal("shoal " + number, chance.nextDouble() * 30, chance.nextDouble() * 12, radius));
        }
        Picture picture = new Picture(shoals);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(new Receivers(picture), 0, 40, TimeUnit.MILLISECONDS); // <- cost
        Thread.sleep(1500);
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime();
        while (true) {
            Thread.sleep(2000);
            board(folder.resolve("board.txt"), picture, (System.nanoTime() - began) / 1_000_000_000L);
        }
    }
}
