// expect: healthy bench
// Shares of the tontines: an HTTP service that takes orders for shares, has each scored by the underwriters' service, and keeps
// the book of who holds what. Some 150 orders a second.
//
// Measured: an answer takes 175 to 216 ms (median) here and 10 ms in the mended one.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;

public class TontineShares {
    static final int ORDERS_PER_SECOND = 150;
    static final int WORKERS = 16;
    static final int TONTINES = 50;

    static class Refused extends Exception {
        Refused(String why) {
            super(why);
        }
    }

    /** The underwriters say what risk a subscriber is. */
    static class Underwriters {
        private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        private final String address;

        Underwriters(int port) {
            address = "http://127.0.0.1:" + port + "/subscribers/";
        }

        int score(int subscriber) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create(address + subscriber)).build();
            String said = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
            int at = said.indexOf("\"price\": ") + 9;
            int end = at;
            while (end < said.length() && Character.isDigit(said.charAt(end))) {
                end++;
            }
            return Integer.parseInt(said.substring(at, end));
        }
    }

    static class ShareBook {
        private final Underwriters underwriters;
        private final Map<Integer, Map<Integer, Integer>> holdings = new HashMap<>();
        private final int[] sold = new int[TONTINES];
        private long pounds;

        ShareBook(Underwriters underwriters) {
            this.underwriters = underwriters;
        }

        int subscribe(int tontine, int subscriber, int shares)
                throws IOException, InterruptedException, Refused {
            if (tontine < 0 || tontine >= TONTINES || shares < 1) {
                throw new Refused("no such share");
            }
            int score = underwriters.score(subscriber);
            if (score > 950) {
                throw new Refused("the underwriters decline");
            }
            int price = 100 + score / 10;
            synchronized (this) {
                sold[tontine] += shares;
                pounds += (long) price * shares;
                return holdings.computeIfAbsent(tontine, any -> new HashMap<>()).merge(subscriber, shares, Integer::sum);
            }
        }

        synchronized String summary() {
            int total = 0;
            for (int one : sold) {
                total += one;
            }
            return "{\"sold\": " + total + ", \"pounds\": " + pounds + "}";
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

    static void order(HttpExchange exchange, ShareBook book) throws IOException {
        try {
            Map<String, String> given = parameters(exchange);
            int held = book.subscribe(
                    Integer.parseInt(given.getOrDefault("tontine", "")),
                    Integer.parseInt(given.getOrDefault("subscriber", "")),
                    Integer.parseInt(given.getOrDefault("shares", "1")));
            answer(exchange, 200, "{\"held\": " + held + "}");
        } catch (NumberFormatException bad) {
            answer(exchange, 400, "{\"error\": \"tontine, subscriber and shares are numbers\"}");
        } catch (Refused refused) {
            answer(exchange, 409, "{\"error\": \"" + refused.getMessage() + "\"}");
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            answer(exchange, 503, "{\"error\": \"closing\"}");
        } catch (IOException failed) {
            answer(exchange, 502, "{\"error\": \"the underwriters do not answer\"}");
        }
    }

    static int startUnderwriters() throws IOException {
        Process process = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "8")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    static void startCustomers(int port) throws IOException {
        Random random = new Random(1653);
        StringBuilder paths = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            paths.append(i == 0 ? "" : ",").append("/order?tontine=").append(random.nextInt(TONTINES));
            paths.append("&subscriber=").append(random.nextInt(5000)).append("&shares=").append(1 + random.nextInt(5));
        }
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, paths.toString(), "" + ORDERS_PER_SECOND, "" + WORKERS)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        ShareBook book = new ShareBook(new Underwriters(startUnderwriters()));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(WORKERS));
        server.createContext("/order", exchange -> order(exchange, book));
        server.createContext("/summary", exchange -> answer(exchange, 200, book.summary()));
        server.start();
        startCustomers(server.getAddress().getPort());
        Thread.sleep(2000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
