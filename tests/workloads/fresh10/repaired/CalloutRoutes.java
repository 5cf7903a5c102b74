// expect: healthy bench
// The planners of a fire brigade play back the calls of past storm nights, some minutes in a second, against another
// stationing of the engines: for each call the street is looked up in the street directory, which the surveyor's office
// delivers, and the engines of the nearest stations that are free are sent.
// Measured: a call takes 0.4 ms; 7.0 ms in the problem (315 calls without pauses, with the JVM's start).

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

public class CalloutRoutes {
    private static final int STREETS = 40000;
    private static final int CALLS_A_SECOND = 15; // played back
    private static final int BETWEEN_CALLS = 60; // seconds, in the night itself
    private static final int AWAY = 1500; // seconds that an engine is out
    private static final String[] ENDINGS = {"Street", "Lane", "Road", "Square", "Quay", "Hill"};

    enum Keyword {
        FIRE_SMALL(1), FIRE_HOUSE(3), ALARM_SYSTEM(2), ACCIDENT(2), LIFT(1), STORM(1);

        final int engines;

        Keyword(int engines) {
            this.engines = engines;
        }
    }

    /** A street as the directory has it: its middle in metres, and how far it is from one hydrant to the next. */
    record Street(String name, int x, int y, int district, int hydrants) {
        static Street parse(String line) {
            String[] fields = line.split(";");
            return new Street(fields[0], Integer.parseInt(fields[1]), Integer.parseInt(fields[2]),
                Integer.parseInt(fields[3]), Integer.parseInt(fields[4]));
        }
    }

    record Call(long number, Keyword keyword, String street) {}

    record Proposal(Call call, Street street, List<String> engines, int seconds) {
        String text() {
            String water = street.hydrants() > 200 ? ", take the hose tender" : "";
            return call.number() + " " + call.keyword() + " " + street.name() + " (district " + street.district() + "): "
                + String.join(" ", engines) + ", " + seconds + " s" + water;
        }
    }

    static final class Station {
        final String name;
        final int x;
        final int y;
        final long[] backAt; // for each engine the second at which it is free again

        Station(String name, int x, int y, int engines) {
            this.name = name;
            this.x = x;
            this.y = y;
            this.backAt = new long[engines];
        }

        int seconds(Street street) {
            return 90 + (int) (Math.hypot(x - street.x(), y - street.y()) / 11);
        }

        String send(long now, int away) {
            for (int engine = 0; engine < backAt.length; engine++) {
                if (backAt[engine] <= now) {
                    backAt[engine] = now + away;
                    return name + "/" + (engine + 1);
                }
            }
            return null;
        }
    }

    /** The streets of the city, kept by their names; a new delivery of the surveyor's office is noticed in a minute. */
    static final class Directory {
        private static final long LOOK_AGAIN = 60_000_000_000L;
        private final Path file;
        private Map<String, Street> streets = Map.of();
        private FileTime delivered;
        private long lookAt = System.nanoTime() + LOOK_AGAIN;

        Directory(Path file) throws IOException {
            this.file = file;
            refresh();
        }

        Street find(String name) throws IOException {
            long now = System.nanoTime();
            if (now - lookAt >= 0) {
                refresh();
                lookAt = now + LOOK_AGAIN;
            }
            return streets.get(name);
        }

        private void refresh() throws IOException {
            FileTime changed = Files.getLastModifiedTime(file);
            if (changed.equals(delivered)) {
                return;
            }
            Map<String, Street> read = new HashMap<>();
            try (BufferedReader reader = Files.newBufferedReader(file)) {
                String line;
                while ((line = reader.readLine()) != null) {
                    Street street = Street.parse(line);
                    read.putIfAbsent(street.name(), street);
                }
            }
            streets = read;
            delivered = changed;
        }
    }

    static final class ControlRoom {
        private final Directory directory;
        private final List<Station> stations = new ArrayList<>();
        private final Deque<Proposal> recent = new ArrayDeque<>();
        long nanos;
        long calls;
        long unknown;

        ControlRoom(Directory directory) {
            this.directory = directory;
            Random chance = new Random(8);
            for (int number = 1; number <= 22; number++) {
                int engines = 2 + chance.nextInt(3);
                stations.add(new Station("S" + number, chance.nextInt(18000), chance.nextInt(18000), engines));
            }
        }

        void take(Call call, long now) throws IOException {
            long began = System.nanoTime();
            Street street = directory.find(call.street());
            if (street == null) {
                unknown++;
            } else {
                recent.addLast(propose(call, street, now));
                if (recent.size() > 40) {
                    recent.removeFirst();
                }
            }
            nanos += System.nanoTime() - began;
            calls++;
        }

        private Proposal propose(Call call, Street street, long now) {
            List<Station> near = new ArrayList<>(stations);
            near.sort(Comparator.comparingInt(station -> station.seconds(street)));
            List<String> engines = new ArrayList<>();
            int seconds = 0;
            for (Station station : near) {
                String engine = station.send(now, AWAY);
                if (engine != null) {
                    engines.add(engine);
                    seconds = Math.max(seconds, station.seconds(street));
                }
                if (engines.size() == call.keyword().engines) {
                    break;
                }
            }
            return new Proposal(call, street, engines, seconds);
        }

        String board() {
            StringBuilder text = new StringBuilder();
            text.append(calls).append(" calls, ").append(nanos / Math.max(1, calls) / 1000).append(" us each, ");
            text.append(unknown).append(" unknown streets\n");
            for (Proposal proposal : recent) {
                text.append(proposal.text()).append('\n');
            }
            return text.toString();
        }
    }

    private static String streetName(int number) {
        return "St. " + (char) ('A' + number % 26) + Integer.toString(number * 7919, 36) + " " + ENDINGS[number % 6];
    }

    /** What the surveyor's office delivered this morning. */
    private static Path deliver(Path folder) throws IOException {
        Path file = folder.resolve("streets.csv");
        Random chance = new Random(3);
        try (BufferedWriter writer = Files.newBufferedWriter(file)) {
            for (int number = 0; number < STREETS; number++) {
                writer.write(streetName(number) + ";" + chance.nextInt(18000) + ";" + chance.nextInt(18000) + ";"
                    + (1 + chance.nextInt(38)) + ";" + (60 + chance.nextInt(190)) + "\n");
            }
        }
        return file;
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory("storm-night");
        ControlRoom room = new ControlRoom(new Directory(deliver(folder)));
        Random chance = new Random(112);
        long pause = 1_000_000_000L / CALLS_A_SECOND;
        long due = System.nanoTime();
        for (long number = 1;; number++) {
            Keyword keyword = Keyword.values()[chance.nextInt(Keyword.values().length)];
            Call call = new Call(number, keyword, streetName(chance.nextInt(STREETS + 50)));
            room.take(call, number * BETWEEN_CALLS);
            if (number == CALLS_A_SECOND) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (number % (3 * CALLS_A_SECOND) == 0) {
                Files.writeString(folder.resolve("board.txt"), room.board());
            }
            due += pause;
            Thread.sleep(Math.max(0, (due - System.nanoTime()) / 1_000_000));
        }
    }
}
