// expect: healthy bench
// A service for the cellar masters of a winery: follows the fermentation in the tanks, whose probes report once a second,
// and answers over HTTP how each tank goes and what is to be done; a pool of a few threads answers.
// Measured: 120 answers a second, 6 % of a core.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public class FermentationDesk {
    static final int TANKS = 64;
    static final int HISTORY = 600;
    static final int THREADS = 4;
    static final int RATE = 120;

    record State(double celsius, double brix, double slope, String advice) {}

    /** One fermentation: what was measured in the last ten minutes, and what follows from it. */
    static final class Tank {
        final int number;
        private final double[] brix = new double[HISTORY];
        private final double[] celsius = new double[HISTORY];
        private int size;
        private int next;

        Tank(int number) {
            this.number = number;
        }

        synchronized void measured(double degrees, double sugar) {
            celsius[next] = degrees;
            brix[next] = sugar;
            next = (next + 1) % HISTORY;
            size = Math.min(size + 1, HISTORY);
        }

        /** A line through the sugar of the last minutes, by least squares. */
        synchronized State state() {
            double sumX = 0, sumY = 0, sumXX = 0, sumXY = 0, heat = 0;
            for (int age = 0; age < size; age++) {
                int at = Math.floorMod(next - 1 - age, HISTORY);
                sumX -= age;
                sumY += brix[at];
                sumXX += (double) age * age;
                sumXY -= age * brix[at];
                heat += celsius[at];
            }
            double spread = size * sumXX - sumX * sumX;
            double slope = spread > 0 ? (size * sumXY - sumX * sumY) / spread : 0;
            double degrees = size > 0 ? heat / size : 0;
            return new State(degrees, size > 0 ? sumY / size : 0, slope, advice(degrees, slope));
        }

        private static String advice(double degrees, double slope) {
            if (degrees > 29) return "cool";
            if (slope > -0.0001) return degrees < 16 ? "warm" : "feed the yeast";
            return "leave alone";
        }
    }

    private final List<Tank> tanks = new ArrayList<>();
    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final Random chance = new Random(22);
    private long seconds;

    FermentationDesk() {
        for (int number = 0; number < TANKS; number++) tanks.add(new Tank(number));
        for (int second = 0; second < HISTORY; second++) measure();
    }

    void measure() {
        seconds++;
        for (Tank tank : tanks) {
            double age = (seconds + tank.number * 97) % 7200 / 1200.0;
            tank.measured(18 + 2.2 * age + chance.nextGaussian() / 4, 24 * Math.exp(-age / 3) + chance.nextGaussian() / 20);
        }
    }

    void answer(HttpExchange exchange) throws IOException {
        answers.incrementAndGet();
        String asked = exchange.getRequestURI().getPath();
        String body;
        int status = 200;
        if (asked.equals("/hottest")) {
            body = hottest();
        } else {
            try {
                body = describe(tanks.get(Integer.parseInt(asked.substring(asked.lastIndexOf('/') + 1))));
            } catch (NumberFormatException | IndexOutOfBoundsException unknown) {
                refused.incrementAndGet();
                status = 404;
                body = "{\"error\":\"no such tank\"}";
            }
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    private static String describe(Tank tank) {
        State state = tank.state();
        return String.format("{\"tank\":%d,\"celsius\":%.1f,\"brix\":%.2f,\"slope\":%.5f,\"advice\":\"%s\"}",
                tank.number, state.celsius(), state.brix(), state.slope(), state.advice());
    }

    private String hottest() {
        record Warm(Tank tank, double celsius) {}
        StringBuilder list = new StringBuilder("[");
        tanks.stream()
                .map(tank -> new Warm(tank, tank.state().celsius()))
                .sorted(Comparator.comparingDouble(Warm::celsius).reversed())
                .limit(5)
                .forEach(warm -> list.append(list.length() > 1 ? "," : "").append(warm.tank().number));
        return list.append(']').toString();
    }

    void tell(BufferedWriter log) {
        try {
            log.write(String.format("%d answers, %d refused, %d seconds%n", answers.get(), refused.get(), seconds));
            log.flush();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** The tablets of the cellar masters, in a process of their own. */
    static void openTablets(int port) throws IOException {
        List<String> paths = new ArrayList<>(List.of("/hottest", "/tanks/900"));
        for (int number = 0; number < TANKS; number++) paths.add("/tanks/" + number);
        String clients = new File(System.getenv("SERVICES")).getParent() + "/clients.py";
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "" + RATE, "6")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    public static void main(String[] arguments) throws IOException {
        FermentationDesk desk = new FermentationDesk();
        BufferedWriter log = Files.newBufferedWriter(Path.of("desk.log"));
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(desk::measure, 1, 1, TimeUnit.SECONDS);
        clock.scheduleAtFixedRate(() -> desk.tell(log), 2, 2, TimeUnit.SECONDS);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.createContext("/", desk::answer);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.start();
        openTablets(server.getAddress().getPort());
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
