// expect: pattern=serial-requests bench
// Availability desk of a shop for trousseaux: a set consists of articles of several weavers and seamstresses, each with a
// stock service of its own in the partners' network; the shop shows the set's price and what can be delivered.
// Measured: a set takes 260 ms, in the twin 42 ms; both use 0.1 cores.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class TrousseauStock {
    static final Pattern PRICE = Pattern.compile("\"price\": (\\d+)");
    static final Pattern STOCK = Pattern.compile("\"stock\": (\\d+)");
    static final int SETS_PER_SECOND = 6;

    record Part(String partner, String article, int pieces) {}

    record Offer(Part part, int cents, int stock) {
        boolean deliverable() {
            return stock >= part.pieces();
        }
    }

    /** The sets of the catalogue: name and parts. */
    static Map<String, List<Part>> catalogue() {
        String[] partners = {"weaver", "lace", "hemmer", "pillows", "towels", "embroidery", "boxes", "blankets"};
        String[] sets = {"bride", "nursery", "country-house", "guest-room", "sea-side", "winter", "attic", "parlour"};
        Map<String, List<Part>> all = new TreeMap<>();
        for (int s = 0; s < sets.length; s++) {
            List<Part> parts = new ArrayList<>();
            for (int p = 0; p < partners.length; p++) {
                parts.add(new Part(partners[p], sets[s] + "-" + (s * 7 + p), 1 + (s + p) % 4));
            }
            all.put(sets[s], parts);
        }
        return all;
    }

    static class Partners {
        private final HttpClient client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(2))
                        .build();
        private final String base;

        Partners(String base) {
            this.base = base;
        }

        List<Offer> offers(List<Part> parts) throws IOException, InterruptedException {
            List<Offer> offers = new ArrayList<>();
            for (Part part : parts) { // <- cost
                offers.add(ask(part)); // <- cost
            }
            return offers;
        }

        private Offer ask(Part part) throws IOException, InterruptedException {
            return read(part, client.send(request(part), HttpResponse.BodyHandlers.ofString())); // <- cost
        }

        private Offer read(Part part, HttpResponse<String> response) {
            if (response.statusCode() != 200) {
                return new Offer(part, 0, 0);
            }
            return new Offer(part, number(PRICE, response.body()), number(STOCK, response.body()));
        }

        private HttpRequest request(Part part) {
            return HttpRequest.newBuilder(URI.create(base + "/" + part.partner() + "/stock/" + part.article()))
                    .timeout(Duration.ofSeconds(5))
                    .build();
        }
    }

    static int number(Pattern pattern, String body) {
        Matcher found = pattern.matcher(body);
        return found.find() ? Integer.parseInt(found.group(1)) : 0;
    }

    static String show(String set, List<Offer> offers) {
        int cents = 0;
        boolean complete = true;
        StringBuilder text = new StringBuilder(512);
        text.append("{\"set\": \"").append(set).append("\", \"parts\": [");
        for (Offer offer : offers) {
            cents += offer.cents() * offer.part().pieces();
            complete &= offer.deliverable();
            text.append("{\"article\": \"").append(offer.part().article());
            text.append("\", \"cents\": ").append(offer.cents());
            text.append(", \"deliverable\": ").append(offer.deliverable()).append("}, ");
        }
        text.setLength(text.length() - 2);
        return text.append("], \"cents\": ").append(cents).append(", \"complete\": ").append(complete).append("}").toString();
    }

    static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    static String start(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            return said.readLine();
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        String python = System.getenv("PYTHON");
        String services = System.getenv("SERVICES");
        Partners partners = new Partners("http://127.0.0.1:" + start(python, services, "http", "30"));
        Map<String, List<Part>> catalogue = catalogue();

        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 128);
        server.setExecutor(Executors.newFixedThreadPool(12));
        server.createContext(
                "/sets/",
                exchange -> {
                    String set = exchange.getRequestURI().getPath().substring("/sets/".length());
                    List<Part> parts = catalogue.get(set);
                    if (parts == null) {
                        answer(exchange, 404, "{}");
                        return;
                    }
                    try {
                        answer(exchange, 200, show(set, partners.offers(parts))); // <- cost
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        answer(exchange, 503, "{}");
                    }
                });
        server.start();

        StringBuilder paths = new StringBuilder();
        catalogue.keySet().forEach(set -> paths.append(paths.length() == 0 ? "" : ",").append("/sets/").append(set));
        String clients = Path.of(services).resolveSibling("clients.py").toString();
        String port = Integer.toString(server.getAddress().getPort());
        start(python, clients, "http", port, paths.toString(), Integer.toString(SETS_PER_SECOND), "8");
        Thread.sleep(2000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
