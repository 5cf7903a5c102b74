// expect: healthy bench
// The wampum exchange: an HTTP service that quotes what beads, shells and belts are worth in each other, and takes small trades.
// Rates are replaced as a whole four times a second. Some 250 requests a second.
//
// Measured: about 0.06 cores, an answer takes half a millisecond, memory steady.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class WampumExchange {
    static final int REQUESTS_PER_SECOND = 250;
    static final int WORKERS = 8;
    static final List<String> GOODS = List.of("white", "purple", "belt", "pelt", "kettle", "axe", "blanket", "corn");

    /** The rates of a moment; never changed once made. */
    static final class Rates {
        final long made = System.currentTimeMillis();
        private final Map<String, Double> worth;

        Rates(Map<String, Double> worth) {
            this.worth = Map.copyOf(worth);
        }

        double between(String sold, String bought) {
            Double one = worth.get(sold);
            Double other = worth.get(bought);
            if (one == null || other == null) {
                throw new IllegalArgumentException("no such good");
            }
            return one / other * 0.995;
        }
    }

    /** The rates as they wander. */
    static final class Market {
        private final Random random = new Random(1627);
        private final Map<String, Double> worth = new HashMap<>();
        private volatile Rates rates;

        Market() {
            for (int i = 0; i < GOODS.size(); i++) {
                worth.put(GOODS.get(i), 1.0 + i * i * 3);
            }
            rates = new Rates(worth);
        }

        void move() {
            worth.replaceAll((good, old) -> Math.max(0.1, old * (1 + random.nextGaussian() * 0.002)));
            rates = new Rates(worth);
        }

        Rates now() {
            return rates;
        }
    }

    /** How much was traded of each good. */
    static final class Turnover {
        private final Map<String, LongAdder> pieces = new ConcurrentHashMap<>();

        Turnover() {
            GOODS.forEach(good -> pieces.put(good, new LongAdder()));
        }

        void add(String good, long count) {
            pieces.get(good).add(count);
        }

        String json() {
            StringBuilder text = new StringBuilder("{");
            for (String good : GOODS) {
                text.append(text.length() > 1 ? ", " : "").append('"').append(good).append("\": ");
                text.append(pieces.get(good).sum());
            }
            return text.append('}').toString();
        }
    }

    static Map<String, String> parameters(HttpExchange exchange) {
        Map<String, String> found = new HashMap<>();
        String query = exchange.getRequestURI().getRawQuery();
        if (query != null) {
            for (String part : query.split("&")) {
                int at = part.indexOf('=');
                if (at > 0) {
                    found.put(part.substring(0, at), part.substring(at + 1));
                }
            }
        }
        return found;
    }

    static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    static void handle(HttpExchange exchange, Market market, Turnover turnover) throws IOException {
        try {
            Map<String, String> given = parameters(exchange);
            String sold = given.getOrDefault("sold", "");
            String bought = given.getOrDefault("bought", "");
            long pieces = Long.parseLong(given.getOrDefault("pieces", "1"));
            if (pieces < 1 || pieces > 100_000) {
                throw new IllegalArgumentException("between 1 and 100000 pieces");
            }
            Rates rates = market.now();
            long received = (long) (rates.between(sold, bought) * pieces);
            boolean trade = exchange.getRequestURI().getPath().equals("/trade");
            if (trade) {
                turnover.add(sold, pieces);
                turnover.add(bought, received);
            }
            answer(exchange, 200, "{\"pieces\": " + received + ", \"of\": \"" + bought + "\", \"rates\": " + rates.made
                    + ", \"traded\": " + trade + "}");
        } catch (NumberFormatException bad) {
            answer(exchange, 400, "{\"error\": \"pieces is a number\"}");
        } catch (IllegalArgumentException bad) {
            answer(exchange, 400, "{\"error\": \"" + bad.getMessage() + "\"}");
        }
    }

    static void startCustomers(int port) throws IOException {
        Random random = new Random(8);
        StringBuilder paths = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            paths.append(i == 0 ? "" : ",").append(i % 5 == 0 ? "/trade" : "/quote");
            paths.append("?sold=").append(GOODS.get(random.nextInt(GOODS.size())));
            paths.append("&bought=").append(GOODS.get(random.nextInt(GOODS.size())));
            paths.append("&pieces=").append(1 + random.nextInt(400));
        }
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, paths.toString(), "" + REQUESTS_PER_SECOND, "" + WORKERS)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Market market = new Market();
        Turnover turnover = new Turnover();
        ScheduledExecutorService schedule = Executors.newSingleThreadScheduledExecutor();
        schedule.scheduleAtFixedRate(market::move, 250, 250, TimeUnit.MILLISECONDS);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(WORKERS));
        server.createContext("/quote", exchange -> handle(exchange, market, turnover));
        server.createContext("/trade", exchange -> handle(exchange, market, turnover));
        server.createContext("/turnover", exchange -> answer(exchange, 200, turnover.json()));
        server.start();
        startCustomers(server.getAddress().getPort());
        Thread.sleep(2000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
