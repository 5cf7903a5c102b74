// expect: healthy bench
// The drawing desk of a toy museum's spirograph room: visitors choose a ring, a wheel and a hole at a screen, and the
// desk gives the curve as an SVG that the pen plotter and the screen draw; a list tells which wheels fit a ring.
//
// Measured: a curve (25 KB) takes 18.7 ms, in the twin 1.1 ms; 39 % of a core and 5 %, at 40 requests a second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class SpirographDesk {
    static final int HANDLERS = 4;
    static final List<Integer> RINGS = List.of(96, 105, 144, 150);
    static final List<Integer> WHEELS = List.of(24, 30, 32, 40, 45, 48, 50, 52, 56, 60, 63, 64, 72, 75, 80, 84);

    static class BadRequest extends Exception {
        BadRequest(String message) {
            super(message);
        }
    }

    static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** A ring with a wheel in it, and the hole for the pen; lengths are in teeth. */
    record Gearing(int ring, int wheel, int hole) {
        static Gearing of(Map<String, String> query) throws BadRequest {
            try {
                Gearing gearing = new Gearing(Integer.parseInt(query.getOrDefault("ring", "96")),
                        Integer.parseInt(query.getOrDefault("wheel", "52")),
                        Integer.parseInt(query.getOrDefault("hole", "3")));
                if (!RINGS.contains(gearing.ring) || !WHEELS.contains(gearing.wheel)) {
                    throw new BadRequest("there is no such gear");
                }
                if (gearing.hole < 1 || gearing.hole > gearing.wheel / 3) {
                    throw new BadRequest("the wheel has no such hole");
                }
                return gearing;
            } catch (NumberFormatException e) {
                throw new BadRequest("gears have numbers");
            }
        }

        /** How often the wheel goes round the ring until the curve closes. */
        int turns() {
            return wheel / gcd(ring, wheel);
        }

        int petals() {
            return ring / gcd(ring, wheel);
        }

        double arm() {
            return wheel - 2.5 * hole;
        }
    }

    /** The data of an SVG path: a start, and steps in hundredths of a tooth. */
    static class PathData {
        private final StringBuilder steps = new StringBuilder(1 << 15);
        private long x;
        private long y;

        void moveTo(double toX, double toY) {
            x = Math.round(toX * 100);
            y = Math.round(toY * 100);
            steps.append('M').append(x).append(' ').append(y).append('l');
        }

        void lineTo(double toX, double toY) {
            long nextX = Math.round(toX * 100);
            long nextY = Math.round(toY * 100);
            if (nextX == x && nextY == y) {
                return;
            }
            steps.append(nextX - x).append(' ').append(nextY - y).append(' ');
            x = nextX;
            y = nextY;
        }

        String closed() {
            return steps.append('z').toString();
        }
    }

    /** Rolls the wheel in the ring. */
    static class Roller {
        private static final int POINTS_A_TURN = 360;

        String pathOf(Gearing gearing) {
            double between = gearing.ring() - gearing.wheel();
            double ratio = between / gearing.wheel();
            PathData data = new PathData();
            data.moveTo(between + gearing.arm(), 0);
            int points = gearing.turns() * POINTS_A_TURN;
            for (int at = 1; at < points; at++) {
                double angle = 2 * Math.PI * at / POINTS_A_TURN;
                double x = between * Math.cos(angle) + gearing.arm() * Math.cos(ratio * angle);
                double y = between * Math.sin(angle) - gearing.arm() * Math.sin(ratio * angle);
                data.lineTo(x, y);
            }
            return data.closed();
        }
    }

    /** The page around a curve. */
    static class Sheet {
        private final Roller roller = new Roller();

        String draw(Gearing gearing, String ink) {
            int half = gearing.ring() * 100;
            StringBuilder svg = new StringBuilder(4096);
            svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"");
            svg.append(-half).append(' ').append(-half).append(' ').append(2 * half).append(' ').append(2 * half);
            svg.append("\"><title>").append(title(gearing)).append("</title>");
            for (int tooth = 0; tooth < gearing.ring(); tooth += 12) {
                double angle = 2 * Math.PI * tooth / gearing.ring();
                svg.append("<circle r=\"40\" cx=\"").append(Math.round(half * Math.cos(angle))).append("\" cy=\"")
                        .append(Math.round(half * Math.sin(angle))).append("\"/>");
            }
            svg.append("<path fill=\"none\" stroke-width=\"25\" stroke=\"").append(ink).append("\" d=\"");
            svg.append(roller.pathOf(gearing)).append("\"/></svg>\n");
            return svg.toString();
        }

        private String title(Gearing gearing) {
            return String.format(Locale.ROOT, "%d in %d, hole %d: %d petals", gearing.wheel(), gearing.ring(),
                    gearing.hole(), gearing.petals());
        }
    }

    static class Desk {
        private final Sheet sheet = new Sheet();
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();
        private final LongAdder bytes = new LongAdder();

        void curve(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            try {
                Map<String, String> query = query(exchange);
                String ink = query.getOrDefault("ink", "navy");
                if (!ink.chars().allMatch(Character::isLetter)) {
                    throw new BadRequest("there is no such ink");
                }
                send(exchange, 200, "image/svg+xml", sheet.draw(Gearing.of(query), ink));
            } catch (BadRequest e) {
                send(exchange, 400, "text/plain", e.getMessage());
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        void gears(HttpExchange exchange) throws IOException {
            Map<String, String> query = query(exchange);
            StringBuilder json = new StringBuilder("[");
            for (int ring : RINGS) {
                if (query.containsKey("ring") && !query.get("ring").equals(Integer.toString(ring))) {
                    continue;
                }
                for (int wheel : WHEELS) {
                    Gearing gearing = new Gearing(ring, wheel, 1);
                    json.append(json.length() > 1 ? "," : "").append("{\"ring\":").append(ring).append(",\"wheel\":")
                            .append(wheel).append(",\"petals\":").append(gearing.petals()).append("}");
                }
            }
            send(exchange, 200, "application/json", json.append("]").toString());
        }

        private static Map<String, String> query(HttpExchange exchange) {
            Map<String, String> found = new HashMap<>();
            String text = exchange.getRequestURI().getQuery();
            for (String part : text == null ? new String[0] : text.split("&")) {
                int equals = part.indexOf('=');
                if (equals > 0) {
                    found.put(part.substring(0, equals), part.substring(equals + 1));
                }
            }
            return found;
        }

        private void send(HttpExchange exchange, int status, String type, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            bytes.add(body.length);
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }

        void report() {
            long number = Math.max(1, served.sum());
            System.err.printf("%d curves, %.2f ms and %d bytes each%n", number, spent.sum() / 1e6 / number,
                    bytes.sum() / number);
        }
    }

    /** Visitors at the screens, in processes of their own. */
    static void visitors(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        int[] wheels = {52, 56, 63, 64, 80, 84, 45, 50};
        for (int i = 0; i < 48; i++) {
            int ring = RINGS.get(i % RINGS.size());
            paths.add("/curve?ring=" + ring + "&wheel=" + wheels[i * 5 % 8] + "&hole=" + (1 + i % 12) + "&ink=teal");
        }
        paths.add("/curve?ring=96&wheel=51");
        for (int ring : RINGS) {
            paths.add("/gears?ring=" + ring);
        }
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "40", "4")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Desk desk = new Desk();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 32);
        server.createContext("/curve", desk::curve);
        server.createContext("/gears", desk::gears);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        visitors(server.getAddress().getPort());
        Thread.sleep(2000);
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(desk::report, 10, 10, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
