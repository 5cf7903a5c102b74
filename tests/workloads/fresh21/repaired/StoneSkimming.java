// expect: healthy bench
// The lake of a stone-skimming championship: wave gauges on the lanes send the height of the water, ten times a second,
// starters ask over HTTP for the calmest stretch of the last minutes and whether the lane may throw now, and the boards
// show what the judges have counted (GET /lanes/N/calm?seconds=S, /lanes/N/skims, /gauges?mm=...).
//
// Measured: CPU 34 % of a core, in the twin 3.7 %; a request takes 4.3 ms, in the twin 0.6 ms, at 100 a second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class StoneSkimming {
    static final int LANES = 12;
    static final int PER_SECOND = 10;
    static final int KEPT = 600 * PER_SECOND;

    record Calm(int secondsAgo, double roughness) {}

    record Skim(String thrower, int bounces, int metres) {}

    static class NotFound extends RuntimeException {
        NotFound(String what) {
            super(what);
        }
    }

    /** The last ten minutes of one gauge, in tenths of a millimetre. */
    static class Gauge {
        private final int[] ring = new int[KEPT];
        private int next;

        synchronized void add(int height) {
            ring[next] = height;
            next = (next + 1) % KEPT;
        }

        /** Oldest first. */
        synchronized void copyTo(int[] heights) {
            System.arraycopy(ring, next, heights, 0, KEPT - next);
            System.arraycopy(ring, 0, heights, KEPT - next, next);
        }
    }

    /** What the water of a lane is like. */
    static class WaterService {
        private final List<Gauge> gauges = new ArrayList<>();
        private final ThreadLocal<int[]> scratch = ThreadLocal.withInitial(() -> new int[KEPT]);

        WaterService(Random random) {
            for (int lane = 0; lane < LANES; lane++) {
                Gauge gauge = new Gauge();
                for (int i = 0; i < KEPT; i++) {
                    double swell = 40 * Math.sin(i / 23.0) * (1.2 + Math.sin((i + 400 * lane) / 900.0));
                    gauge.add((int) (swell + random.nextGaussian() * 12));
                }
                gauges.add(gauge);
            }
        }

        Gauge gauge(int lane) {
            if (lane < 0 || lane >= gauges.size()) {
                throw new NotFound("lane " + lane);
            }
            return gauges.get(lane);
        }

        private int[] heights(int lane) {
            int[] heights = scratch.get();
            gauge(lane).copyTo(heights);
            return heights;
        }

        private static double deviation(long sum, long squares, int count) {
            double mean = (double) sum / count;
            return Math.sqrt(Math.max(0, (double) squares / count - mean * mean)) / 10;
        }

        private static double roughness(int[] heights, int from, int to) {
            long sum = 0;
            long squares = 0;
            for (int i = from; i < to; i++) {
                sum += heights[i];
                squares += (long) heights[i] * heights[i];
            }
            return deviation(sum, squares, to - from);
        }

        /** The calmest stretch of this many seconds. */
        Calm calmest(int lane, int seconds) {
            int[] heights = heights(lane);
            int length = Math.min(heights.length, Math.max(1, seconds) * PER_SECOND);
            int best = 0;
            double least = Double.MAX_VALUE;
            long sum = 0;
            long squares = 0;
            for (int to = 1; to <= heights.length; to++) {
                long come = heights[to - 1];
                sum += come;
                squares += come * come;
                int from = to - length;
                if (from < 0) {
                    continue;
                }
                if (from > 0) {
                    long gone = heights[from - 1];
                    sum -= gone;
                    squares -= gone * gone;
                }
                double rough = deviation(sum, squares, length);
                if (rough < least) {
                    least = rough;
                    best = from;
                }
            }
            return new Calm((heights.length - best - length) / PER_SECOND, least);
        }

        /** The roughness of the last five seconds. */
        double now(int lane) {
            int[] heights = heights(lane);
            return roughness(heights, heights.length - 5 * PER_SECOND, heights.length);
        }

        void report(String[] heights) {
            for (int lane = 0; lane < Math.min(LANES, heights.length); lane++) {
                gauges.get(lane).add((int) Math.round(Double.parseDouble(heights[lane]) * 10));
            }
        }
    }

    /** What the judges have counted: the best throws of each lane. */
    static class SkimBook {
        private final Map<Integer, List<Skim>> byLane = new HashMap<>();

        SkimBook(Random random) {
            for (int lane = 0; lane < LANES; lane++) {
                List<Skim> skims = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    String thrower = "thrower " + (100 + lane * 40 + i);
                    skims.add(new Skim(thrower, 3 + random.nextInt(30), 20 + random.nextInt(60)));
                }
                byLane.put(lane, List.copyOf(skims));
            }
        }

        List<Skim> best(int lane, int number) {
            List<Skim> skims = byLane.get(lane);
            if (skims == null) {
                throw new NotFound("lane " + lane);
            }
            return skims.stream()
                    .sorted(Comparator.comparingInt(Skim::metres).thenComparingInt(Skim::bounces).reversed())
                    .limit(number).toList();
        }
    }

    static class LakeHandler {
        private final WaterService water;
        private final SkimBook skims;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        LakeHandler(WaterService water, SkimBook skims) {
            this.water = water;
            this.skims = skims;
        }

        void lanes(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/");
            try {
                int lane = Integer.parseInt(parts[2]);
                String body = switch (parts.length > 3 ? parts[3] : "") {
                    case "calm" -> calm(lane, Integer.parseInt(value(exchange, "60")));
                    case "skims" -> board(lane);
                    default -> throw new NotFound(exchange.getRequestURI().getPath());
                };
                answer(exchange, 200, body);
            } catch (NotFound e) {
                answer(exchange, 404, "{\"unknown\": \"" + e.getMessage() + "\"}");
            } catch (NumberFormatException e) {
                answer(exchange, 400, "{\"error\": \"a number, please\"}");
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        void gauges(HttpExchange exchange) throws IOException {
            water.report(value(exchange, "").split(","));
            answer(exchange, 200, "{}");
        }

        private String calm(int lane, int seconds) {
            Calm calm = water.calmest(lane, seconds);
            double now = water.now(lane);
            return String.format(Locale.ROOT, "{\"lane\": %d, \"ago\": %d, \"mm\": %.2f, \"now\": %.2f, \"throw\": %b}",
                    lane, calm.secondsAgo(), calm.roughness(), now, now < calm.roughness() * 1.5);
        }

        private String board(int lane) {
            StringBuilder text = new StringBuilder("[");
            for (Skim skim : skims.best(lane, 10)) {
                text.append(text.length() > 1 ? ", " : "").append("{\"thrower\": \"").append(skim.thrower())
                        .append("\", \"metres\": ").append(skim.metres())
                        .append(", \"bounces\": ").append(skim.bounces()).append('}');
            }
            return text.append(']').toString();
        }

        private static String value(HttpExchange exchange, String otherwise) {
            String query = exchange.getRequestURI().getQuery();
            return query == null ? otherwise : query.substring(query.indexOf('=') + 1);
        }

        private static void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    /** Starters, boards and gauges, in processes of their own. */
    static void come(int port, List<String> paths, int rate, int workers) throws IOException, InterruptedException {
        String script = "import os, sys; sys.path.append(os.path.dirname(os.environ['SERVICES'])); "
                + "import clients, services; services.outside(lambda: clients.come("
                + "int(sys.argv[1]), sys.argv[2].split(' '), float(sys.argv[3]), int(sys.argv[4])))";
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, String.join(" ", paths), "" + rate,
                "" + workers).redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    static volatile byte[] touched;

    /** Walks once through the young part of the heap, so that it does not seem to grow later. */
    static void settle() {
        for (int i = 0; i < 1000; i++) {
            touched = new byte[1 << 16];
        }
    }

    public static void main(String[] args) throws Exception {
        settle();
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Random random = new Random(17);
        LakeHandler handler = new LakeHandler(new WaterService(random), new SkimBook(random));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/lanes/", handler::lanes);
        server.createContext("/gauges", handler::gauges);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        List<String> starters = new ArrayList<>();
        List<String> reports = new ArrayList<>();
        for (int lane = 0; lane < LANES; lane++) {
            starters.add("/lanes/" + lane + "/calm?seconds=" + (75 + 5 * lane));
            starters.add("/lanes/" + lane + "/calm?seconds=90");
            starters.add("/lanes/" + lane + "/skims");
            StringBuilder heights = new StringBuilder("" + random.nextInt(9));
            for (int i = 1; i < LANES; i++) {
                heights.append(',').append(random.nextInt(9)).append('.').append(random.nextInt(10));
            }
            reports.add("/gauges?mm=" + heights);
        }
        int port = server.getAddress().getPort();
        come(port, starters, 100, 8);
        come(port, reports, PER_SECOND, 2);
        Thread.sleep(4000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = handler.served.sum();
            System.err.printf("%d served, %.2f ms each%n", served, handler.spent.sum() / 1e6 / served);
        }
    }
}
