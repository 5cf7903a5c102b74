// expect: healthy bench
// Tells truckers where their containers are: an HTTP service that keeps the state of each box in memory, takes the
// events of the terminal's gates, and answers questions about one box or about a block of the yard.
// Measured: 400 answers a second, 0.1 ms of a core each (with C1); its threads are idle otherwise.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

public class GateStatus {
    static final int BOXES = 20_000;
    static final int BLOCKS = 24;

    enum State { ANNOUNCED, IN_YARD, LOADED, LEFT }

    /** What is known of a box; another object after each event. */
    static final class Box {
        final String number;
        final State state;
        final int block, slot;
        final long since;

        Box(String number, State state, int block, int slot, long since) {
            this.number = number;
            this.state = state;
            this.block = block;
            this.slot = slot;
            this.since = since;
        }

        void write(StringBuilder out) {
            out.append("{\"number\": \"").append(number).append("\", \"state\": \"").append(state);
            out.append("\", \"block\": ").append(block).append(", \"slot\": ").append(slot);
            out.append(", \"since\": ").append(since).append('}');
        }
    }

    /** All boxes by number, and how many stand in each block. */
    static final class Yard {
        private final Map<String, Box> boxes = new ConcurrentHashMap<>(2 * BOXES);
        private final List<Map<String, Box>> blocks = new ArrayList<>();

        Yard() {
            for (int block = 0; block < BLOCKS; block++) blocks.add(new ConcurrentHashMap<>());
        }

        Box find(String number) {
            return boxes.get(number);
        }

        void put(Box box) {
            Box before = boxes.put(box.number, box);
            if (before != null && before.state == State.IN_YARD) blocks.get(before.block).remove(box.number);
            if (box.state == State.IN_YARD) blocks.get(box.block).put(box.number, box);
        }

        /** The boxes that stand in a block for the longest time, at most so many. */
        List<Box> longest(int block, int most) {
            return blocks.get(block).values().stream()
                .sorted(Comparator.comparingLong(box -> box.since))
                .limit(most)
                .collect(Collectors.toList());
        }
    }

    /** The gates and cranes: some events now and then. */
    static final class Terminal implements Runnable {
        private static final State[] STATES = State.values();
        private final Random random = new Random(17);
        private final Yard yard;
        private long clock;

        Terminal(Yard yard) {
            this.yard = yard;
            for (int number = 0; number < BOXES; number++) event(number);
        }

        private void event(int number) {
            State state = STATES[random.nextInt(STATES.length)];
            yard.put(new Box(name(number), state, random.nextInt(BLOCKS), random.nextInt(400), clock++));
        }

        public void run() {
            for (int event = 0; event < 40; event++) event(random.nextInt(BOXES));
        }
    }

    static String name(int number) {
        return "TCLU" + (4_000_000 + number * 7);
    }

    static final class Desk {
        private final Yard yard;

        Desk(Yard yard) {
            this.yard = yard;
        }

        void box(HttpExchange exchange) throws IOException {
            Box box = yard.find(exchange.getRequestURI().getPath().substring("/boxes/".length()));
            StringBuilder out = new StringBuilder(160);
            if (box != null) box.write(out);
            answer(exchange, box == null ? 404 : 200, out);
        }

        void block(HttpExchange exchange) throws IOException {
            int block = Integer.parseInt(exchange.getRequestURI().getPath().substring("/blocks/".length()));
            StringBuilder out = new StringBuilder(2048).append('[');
            for (Box box : yard.longest(block, 15)) {
                if (out.length() > 1) out.append(", ");
                box.write(out);
            }
            answer(exchange, 200, out.append(']'));
        }

        private void answer(HttpExchange exchange, int status, StringBuilder text) throws IOException {
            byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                if (body.length > 0) out.write(body);
            }
        }
    }

    public static void main(String[] arguments) throws IOException {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Yard yard = new Yard();
        Terminal terminal = new Terminal(yard);
        Desk desk = new Desk(yard);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/boxes/", desk::box);
        server.createContext("/blocks/", desk::block);
        server.start();
        ScheduledExecutorService events = Executors.newSingleThreadScheduledExecutor();
        events.scheduleAtFixedRate(terminal, 1, 1, TimeUnit.SECONDS);
        List<String> paths = new ArrayList<>();
        for (int at = 0; at < 300; at++) paths.add("/boxes/" + name(at * 61));
        for (int block = 0; block < BLOCKS; block++) paths.add("/blocks/" + block);
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        String python = System.getenv().getOrDefault("PYTHON", "python3");
        String port = String.valueOf(server.getAddress().getPort());
        new ProcessBuilder(python, clients, "http", port, String.join(",", paths), "400", "8").inheritIO().start();
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
