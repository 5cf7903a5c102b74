// bench: healthy
// Fairy rings on downland: walkers ask, in bursts (a minibus stops, all look at their phones), which rings are near
// them and how far the mycelium will be after so many days as they say; surveyors measure rings anew. Rings stand in a
// grid of squares; how a ring grows is worked out from the rain; texts on fungi are kept in a small cache.
//
// Measured: 13 to 14 % of a core, 48 requests in each burst, 84 to 86 MiB.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantReadWriteLock;

public class FairyRings {
    static final int RINGS = 6000;
    static final int SQUARES = 40;
    static final double SIDE = 4000;

    record Ring(int number, double east, double north, double radius, Fungus fungus) {}

    enum Fungus { MARASMIUS, CALOCYBE, AGARICUS, CALVATIA, LEPISTA }

    record Near(Ring ring, double metres, double then) {}

    /** Rain of the last 60 days; a day is added once a second. */
    static class Weather {
        private volatile double[] rain = new double[60];

        void nextDay(double millimetres) {
            double[] next = new double[rain.length];
            System.arraycopy(rain, 1, next, 0, next.length - 1);
            next[next.length - 1] = millimetres;
            rain = next;
        }

        /** Day by day: the mycelium grows by the water that is left in the soil. */
        double radiusAfter(Ring ring, int span) {
            double[] days = rain;
            double water = 20;
            double radius = ring.radius();
            double thirst = 1.2 + ring.fungus().ordinal() * 0.15;
            for (int day = 0; day < span; day++) {
                water = Math.max(0, Math.min(80, water + days[(day + ring.number()) % days.length] - thirst));
                radius += 0.0011 * water / (water + 25) * (1 + 0.2 / (1 + radius));
            }
            return radius;
        }
    }

    /** Rings by square of the grid. */
    static class Down {
        private final List<List<Ring>> squares = new ArrayList<>();
        private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

        Down() {
            for (int square = 0; square < SQUARES * SQUARES; square++) {
                squares.add(new ArrayList<>(6));
            }
        }

        private static int at(double metres) {
            return (int) Math.max(0, Math.min(SQUARES - 1, metres / SIDE * SQUARES));
        }

        void put(Ring ring) {
            lock.writeLock().lock();
            try {
                List<Ring> square = squares.get(at(ring.north()) * SQUARES + at(ring.east()));
                square.removeIf(old -> old.number() == ring.number());
                square.add(ring);
            } finally {
                lock.writeLock().unlock();
            }
        }

        List<Ring> around(double east, double north) {
            List<Ring> found = new ArrayList<>(64);
            lock.readLock().lock();
            try {
                for (int y = Math.max(0, at(north) - 1); y <= Math.min(SQUARES - 1, at(north) + 1); y++) {
                    for (int x = Math.max(0, at(east) - 1); x <= Math.min(SQUARES - 1, at(east) + 1); x++) {
                        found.addAll(squares.get(y * SQUARES + x));
                    }
                }
            } finally {
                lock.readLock().unlock();
            }
            return found;
        }
    }

    /** Texts on fungi by language, the last ones that were asked for. */
    static class Texts {
        private static final int SIZE = 12;
        private final Map<String, String> texts = new LinkedHashMap<>(32, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
                return size() > SIZE;
            }
        };

        synchronized String of(Fungus fungus, String language) {
            return texts.computeIfAbsent(fungus + "/" + language, key -> {
                StringBuilder text = new StringBuilder();
                for (int line = 0; line < 6; line++) {
                    text.append(key.toLowerCase(Locale.ROOT)).append(": a ring of line ").append(line).append("; ");
                }
                return text.toString();
            });
        }
    }

    static class Guide {
        private final Down down;
        private final Weather weather;
        private final Texts texts = new Texts();
        private final LongAdder answers = new LongAdder();

        Guide(Down down, Weather weather) {
            this.down = down;
            this.weather = weather;
        }

        List<Near> nearest(double east, double north, int days) {
            List<Near> near = new ArrayList<>(64);
            for (Ring ring : down.around(east, north)) {
                double metres = Math.hypot(ring.east() - east, ring.north() - north);
                near.add(new Near(ring, metres, weather.radiusAfter(ring, days)));
            }
            near.sort(Comparator.comparingDouble(Near::metres));
            return near;
        }

        void near(HttpExchange exchange) throws IOException {
            String[] words = exchange.getRequestURI().getPath().split("/");
            StringBuilder out = new StringBuilder(8192).append("{\"rings\":[");
            try {
                int days = Math.min(3000, Integer.parseInt(words[4]));
                List<Near> near = nearest(Double.parseDouble(words[2]), Double.parseDouble(words[3]), days);
                for (int at = 0; at < Math.min(20, near.size()); at++) {
                    Near found = near.get(at);
                    out.append(at == 0 ? "" : ",").append("{\"ring\":").append(found.ring().number());
                    out.append(",\"metres\":").append(Math.round(found.metres()));
                    out.append(",\"then\":").append(Math.round(found.then() * 100) / 100.0).append('}');
                }
                String language = words.length > 5 ? words[5] : "en";
                Fungus most = near.isEmpty() ? Fungus.LEPISTA : near.get(0).ring().fungus();
                out.append("],\"about\":\"").append(texts.of(most, language)).append("\"}");
                answer(exchange, 200, out.toString());
            } catch (NumberFormatException | IndexOutOfBoundsException error) {
                answer(exchange, 400, "{\"error\":\"where?\"}");
            }
        }

        void move(HttpExchange exchange) throws IOException {
            String[] words = exchange.getRequestURI().getPath().split("/");
            try {
                down.put(ring(Integer.parseInt(words[2]) % RINGS));
                answer(exchange, 200, "{}");
            } catch (NumberFormatException | IndexOutOfBoundsException error) {
                answer(exchange, 400, "{\"error\":\"which?\"}");
            }
        }

        private void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
            answers.increment();
        }
    }

    static Ring ring(int number) {
        Random random = new Random(number * 7919L);
        Fungus fungus = Fungus.values()[number % Fungus.values().length];
        double east = random.nextDouble() * SIDE;
        return new Ring(number, east, random.nextDouble() * SIDE, 0.5 + random.nextDouble() * 30, fungus);
    }

    /** Walkers and surveyors, in processes of their own; walkers come sixteen at a time. */
    static void walkers(int port) throws IOException, InterruptedException {
        String script = String.join("\n",
                "import http.client, os, random, sys, time",
                "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))",
                "import clients, services",
                "port = int(sys.argv[1])",
                "def phone(number):",
                "    line = http.client.HTTPConnection('127.0.0.1', port)",
                "    while True:",
                "        time.sleep(0.3 - time.time() % 0.3)",
                "        for step in range(3):",
                "            where = f'{random.random() * 4000:.1f}/{random.random() * 4000:.1f}/{random.randrange(1000, 3000)}'",
                "            line.request('GET', f'/near/{where}/{random.choice((\"en\", \"cy\", \"fr\"))}')",
                "            line.getresponse().read()",
                "services.outside(lambda: clients.crowd(phone, 16))",
                "services.outside(lambda: clients.come(port, [f'/move/{n}' for n in range(0, 6000, 11)], 5, 1))");
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Down down = new Down();
        for (int number = 0; number < RINGS; number++) {
            down.put(ring(number));
        }
        Weather weather = new Weather();
        Guide guide = new Guide(down, weather);
        Random random = new Random(3);
        for (long until = System.nanoTime() + 2_000_000_000L; System.nanoTime() < until; ) {
            guide.nearest(random.nextDouble() * SIDE, random.nextDouble() * SIDE, 20); // warm before anyone comes
        }
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/near", guide::near);
        server.createContext("/move", guide::move);
        ThreadPoolExecutor pool = new ThreadPoolExecutor(16, 16, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(100));
        pool.prestartAllCoreThreads();
        server.setExecutor(pool);
        server.start();
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(
                () -> weather.nextDay(random.nextInt(3) == 0 ? random.nextDouble() * 14 : 0), 0, 1, TimeUnit.SECONDS);
        walkers(server.getAddress().getPort());
        TimeUnit.SECONDS.sleep(4);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            TimeUnit.SECONDS.sleep(10);
            System.err.printf(Locale.ROOT, "%d answers, %d wait%n", guide.answers.sum(), pool.getQueue().size());
        }
    }
}
