// expect: healthy bench
// Plans cake toppers for the icing printers of a chain of bakeries: a shop asks for a design, the planner lays it out
// (border, rosettes, a filled heart or star), warms and purges the nozzle, and answers with the program of the printer,
// some 2500 moves, and how much icing and time it takes.
//
// Measured: CPU 0.5 of a core, in the twin 0.07; a topper takes some 25 ms of it, in the twin 3 ms; both plan 20 a
// second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.CRC32;

public class IcingPrinter {
    static final double LINE = 0.9; // millimetres of icing that lie beside each other
    static final int HANDLERS = 3;

    record Point(double x, double y) {
        double to(Point other) {
            return Math.hypot(x - other.x, y - other.y);
        }
    }

    record Nozzle(int colour, double flow, int speed) {}

    /** Numbers as the printer reads them: two digits behind the point. */
    static String number(double value) {
        long hundredths = Math.round(Math.abs(value) * 100);
        String digits = Long.toString(hundredths % 100 + 100);
        return (value < 0 ? "-" : "") + hundredths / 100 + "." + digits.substring(1);
    }

    /** The program of a printer, in the order in which it was told. */
    static class Program {
        private final Nozzle[] nozzles;
        private final StringBuilder text = new StringBuilder("; icing\nG21\nG90\n");
        private Nozzle nozzle;
        private Point at = new Point(0, 0);
        private double icing;
        private double millimetres;
        private int moves;

        Program(Nozzle... nozzles) {
            this.nozzles = nozzles;
        }

        private void add(String command) {
            text.append(command).append('\n');
        }

        void use(int number) {
            nozzle = nozzles[number];
            add("T" + nozzle.colour());
            add("M109 S31");
            add("G1 E2.00 F" + nozzle.speed());
            icing += 2;
        }

        void lift(Point to) {
            add("G0 Z4.00");
            move("G0", to, "");
            add("G0 Z0.60");
        }

        void draw(Point to) {
            icing += at.to(to) * nozzle.flow();
            move("G1", to, " E" + number(icing));
        }

        private void move(String kind, Point to, String more) {
            add(kind + " X" + number(to.x()) + " Y" + number(to.y()) + more);
            millimetres += at.to(to);
            at = to;
            moves++;
        }

        String finish() {
            add("G0 Z40.00");
            add("M104 S0");
            add("; " + moves + " moves, " + number(icing) + " ml, " + number(millimetres / 25 / 60) + " min");
            return text.toString();
        }

        int moves() {
            return moves;
        }
    }

    interface Outline {
        Point at(double turn);
    }

    static class Shapes {
        private static final Map<String, Outline> KNOWN = new HashMap<>();

        static {
            KNOWN.put("heart", t -> new Point(3.2 * Math.pow(Math.sin(t), 3), 2.6 * Math.cos(t) - Math.cos(2 * t)
                    - 0.4 * Math.cos(3 * t) - 0.2 * Math.cos(4 * t)));
            KNOWN.put("star", t -> new Point((2.4 + Math.cos(5 * t)) * Math.sin(t),
                    (2.4 + Math.cos(5 * t)) * Math.cos(t)));
            KNOWN.put("egg", t -> new Point(2.2 * Math.sin(t), 3 * Math.cos(t) * (1 + 0.1 * Math.cos(t))));
        }

        static Outline of(String name, double size) {
            Outline known = KNOWN.get(name);
            if (known == null) {
                throw new IllegalArgumentException("no such shape: " + name);
            }
            return t -> {
                Point point = known.at(t);
                return new Point(point.x() * size / 7, point.y() * size / 7);
            };
        }
    }

    /** Lays out a topper. */
    static class Planner {
        private final double size;
        private final Program program;

        Planner(double size, Program program) {
            this.size = size;
            this.program = program;
        }

        void border(int scallops) {
            program.use(0);
            for (int i = 0; i <= scallops * 12; i++) {
                double t = 2 * Math.PI * i / (scallops * 12);
                double r = size / 2 + 2 * Math.abs(Math.sin(scallops * t / 2));
                place(new Point(r * Math.sin(t), r * Math.cos(t)), i == 0);
            }
        }

        void rosettes(int count) {
            program.use(1);
            for (int i = 0; i < count; i++) {
                double angle = 2 * Math.PI * i / count;
                for (int step = 0; step <= 36; step++) {
                    double t = step * Math.PI / 6;
                    double r = 3.0 * (36 - step) / 36;
                    place(new Point(size * 0.42 * Math.sin(angle) + r * Math.sin(t),
                            size * 0.42 * Math.cos(angle) + r * Math.cos(t)), step == 0);
                }
            }
        }

        void fill(Outline outline) {
            program.use(2);
            int rings = (int) (size * 0.4 / LINE / 2);
            for (int ring = 0; ring < rings; ring++) {
                double scale = (double) (rings - ring) / rings;
                for (int i = 0; i <= 60; i++) {
                    Point edge = outline.at(2 * Math.PI * i / 60);
                    place(new Point(edge.x() * scale, edge.y() * scale), i == 0);
                }
            }
        }

        private void place(Point point, boolean first) {
            if (first) {
                program.lift(point);
            } else {
                program.draw(point);
            }
        }
    }

    static class Orders {
        private static final Nozzle[] NOZZLES = {new Nozzle(0, 0.021, 1400), new Nozzle(1, 0.034, 900),
            new Nozzle(2, 0.028, 1800)};
        final LongAdder planned = new LongAdder();
        final LongAdder spent = new LongAdder();

        String plan(String shape, double size) {
            if (size < 60 || size > 260) {
                throw new IllegalArgumentException("such a plate does not fit: " + size);
            }
            Program program = new Program(NOZZLES);
            Planner planner = new Planner(size, program);
            planner.border((int) size / 6);
            planner.rosettes((int) size / 15);
            planner.fill(Shapes.of(shape, size * 0.6));
            return program.finish();
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/"); // /toppers/heart/180
            try {
                byte[] body = plan(parts[2], Double.parseDouble(parts[3])).getBytes(StandardCharsets.US_ASCII);
                CRC32 check = new CRC32();
                check.update(body);
                exchange.getResponseHeaders().set("X-Check", Long.toHexString(check.getValue()));
                answer(exchange, 200, body);
            } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                answer(exchange, 400, String.valueOf(e.getMessage()).getBytes(StandardCharsets.UTF_8));
            }
            planned.increment();
            spent.add(System.nanoTime() - began);
        }

        private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    static void shops(int port) throws IOException {
        List<String> paths = new ArrayList<>();
        for (String shape : List.of("heart", "star", "egg")) {
            for (int size = 160; size <= 200; size += 10) {
                paths.add("/toppers/" + shape + "/" + size);
            }
        }
        Process started = new ProcessBuilder(System.getenv("PYTHON"), new File(System.getenv("SERVICES")).getParent()
                + "/clients.py", "http", "" + port, String.join(",", paths), "20", "4")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            told.readLine();
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Orders orders = new Orders();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/toppers/", orders::handle);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        shops(server.getAddress().getPort());
        Thread.sleep(4000); // the first ones wait for the compiler
        orders.planned.reset();
        orders.spent.reset();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long planned = orders.planned.sumThenReset();
            System.err.printf("%d toppers, %.2f ms each%n", planned, orders.spent.sumThenReset() / 1e6 / planned);
        }
    }
}
