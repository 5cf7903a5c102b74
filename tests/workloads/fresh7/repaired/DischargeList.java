// expect: healthy bench
// Plans the call of container ships: reads the stow list of a ship, puts its boxes into the order in which they are to
// leave the yard again, shares the moves out over the cranes, and writes one line for each ship.
// Measured: 2.2 ms of a core for each ship, 24 ms in the problem.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

public class DischargeList {
    static final int BOXES = 2400;
    static final int LOG_LINES = 50_000;

    /** A container as the stow list names it. */
    static final class Box {
        final String number;
        final int call, bay, tier, kilos;

        Box(String number, int call, int bay, int tier, int kilos) {
            this.number = number;
            this.call = call;
            this.bay = bay;
            this.tier = tier;
            this.kilos = kilos;
        }

        static Box parse(String line, Rotation rotation) {
            int first = line.indexOf('+');
            int second = line.indexOf('+', first + 1);
            int place = Integer.parseInt(line, second + 1, second + 6, 10);
            int kilos = Integer.parseInt(line, second + 7, line.length(), 10);
            int call = rotation.callOf(line.substring(first + 1, second));
            return new Box(line.substring(0, first), call, place / 100, place % 100, kilos);
        }
    }

    /** The ports that the feeders and the line itself call at after this one, the next one first. */
    static final class Rotation {
        private final Map<String, Integer> calls = new HashMap<>();

        Rotation(List<String> ports) {
            for (String port : ports) calls.putIfAbsent(port, calls.size());
        }

        int callOf(String port) {
            return calls.getOrDefault(port, -1);
        }
    }

    /** A ship at the quay: its rotation, and the lines of its stow list. */
    static final class Call {
        final String ship;
        final Rotation rotation;
        final List<String> lines;

        Call(String ship, Rotation rotation, List<String> lines) {
            this.ship = ship;
            this.rotation = rotation;
            this.lines = lines;
        }
    }

    /** The agent of the line, who sends the stow lists. */
    static final class Agent implements Runnable {
        private final Random random = new Random(40);
        private final BlockingQueue<Call> calls;

        Agent(BlockingQueue<Call> calls) {
            this.calls = calls;
        }

        public void run() {
            try {
                for (int number = 0; ; number++) calls.put(call(number));
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }

        private Call call(int number) {
            List<String> ports = new ArrayList<>();
            int offset = random.nextInt(60);
            for (int at = 0; at < 70; at++) {
                int code = (at + offset) * 389 % 2197;
                ports.add("CN" + (char) ('A' + code / 169) + (char) ('A' + code / 13 % 13) + (char) ('A' + code % 13));
            }
            List<String> lines = new ArrayList<>(BOXES);
            for (int box = 0; box < BOXES; box++) {
                int place = 10_000 + random.nextInt(40) * 100 + random.nextInt(18);
                String port = ports.get(random.nextInt(ports.size()));
                int kilos = 3000 + random.nextInt(27_000);
                lines.add("MSKU" + (1_000_000 + box * 13) + '+' + port + '+' + place + '+' + kilos);
            }
            return new Call("V" + number, new Rotation(List.copyOf(ports)), lines);
        }
    }

    static final class Planner {
        private static final int CRANES = 5;

        /** Boxes that leave first come last off the ship, so that they stand on top; heavy ones below. */
        private Comparator<Box> order() {
            Comparator<Box> byCall = Comparator.comparingInt(box -> box.call);
            return byCall.reversed().thenComparingInt(box -> box.bay).thenComparing(box -> -box.kilos);
        }

        /** Seconds until the last box is off. */
        int plan(Call call, StringBuilder report) {
            List<Box> boxes = new ArrayList<>(call.lines.size());
            for (String line : call.lines) boxes.add(Box.parse(line, call.rotation));
            boxes.sort(order());
            PriorityQueue<int[]> cranes = new PriorityQueue<>(Comparator.comparingInt((int[] crane) -> crane[0]));
            for (int crane = 0; crane < CRANES; crane++) cranes.add(new int[] {0, 10});
            int last = 0;
            for (Box box : boxes) {
                int[] crane = cranes.remove();
                crane[0] += 70 + 4 * Math.abs(crane[1] - box.bay) + box.tier;
                crane[1] = box.bay;
                last = Math.max(last, crane[0]);
                cranes.add(crane);
            }
            report.append(call.ship).append(' ').append(boxes.get(0).number).append(' ').append(last).append('\n');
            return last;
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BlockingQueue<Call> calls = new ArrayBlockingQueue<>(4);
        Thread agent = new Thread(new Agent(calls), "agent");
        agent.setDaemon(true);
        agent.start();
        Planner planner = new Planner();
        System.out.println("ready " + ProcessHandle.current().pid());
        StringBuilder report = new StringBuilder();
        while (true) {
            try (BufferedWriter log = Files.newBufferedWriter(Path.of("plans.log"))) {
                for (int line = 0; line < LOG_LINES; line++) {
                    planner.plan(calls.take(), report);
                    log.append(report);
                    report.setLength(0);
                    if (line % 50 == 0) log.flush();
                }
            }
        }
    }
}
