// expect: healthy bench

/*
 * Quotes for moving pianos: a server that asks the hauliers for their rates for a house move, and answers with the
 * offers, the cheapest first.
 *
 * Measured: at 20 quotes a second a median of 316 to 320 ms a quote before, 61 ms after (0.15 and 0.18 cores).
 */
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

public class PianoMovers {
    record Haulier(String name, int port, int insurancePercent) {}

    record Move(String piano, int kilometres, int floors) {}

    record Offer(String haulier, int cents) {}

    static final Pattern PRICE = Pattern.compile("\"price\": (\\d+)");

    final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(1)).build();
    final List<Haulier> hauliers;

    PianoMovers(List<Haulier> hauliers) {
        this.hauliers = hauliers;
    }

    HttpRequest rateRequest(Haulier haulier, Move move) {
        String path = "/" + haulier.name() + "/rates/" + move.piano() + "/" + move.kilometres() + "/" + move.floors();
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + haulier.port() + path))
                .timeout(Duration.ofSeconds(2))
                .build();
    }

    Offer offer(Haulier haulier, Move move, HttpResponse<String> response) {
        Matcher price = PRICE.matcher(response.body());
        if (response.statusCode() != 200 || !price.find()) {
            return null;
        }
        int cents = 100 * Integer.parseInt(price.group(1)) + 900 * move.floors() + 120 * move.kilometres();
        return new Offer(haulier.name(), cents + cents * haulier.insurancePercent() / 100);
    }

    List<Offer> offers(Move move) {
        List<CompletableFuture<Offer>> asked = new ArrayList<>();
        for (Haulier haulier : hauliers) {
            asked.add(client.sendAsync(rateRequest(haulier, move), HttpResponse.BodyHandlers.ofString())
                    .thenApply(response -> offer(haulier, move, response))
                    .exceptionally(unreachable -> {
                        System.err.println(haulier.name() + ": " + unreachable);
                        return null;
                    }));
        }
        return asked.stream()
                .map(CompletableFuture::join)
                .filter(Objects::nonNull)
                .collect(Collectors.toCollection(ArrayList::new));
    }

    void quote(HttpExchange exchange) throws IOException {
        String[] parts = exchange.getRequestURI().getPath().split("/");
        int status = 200;
        String body;
        try {
            Move move = new Move(parts[2], Integer.parseInt(parts[3]), Integer.parseInt(parts[4]));
            List<Offer> offers = offers(move);
            offers.sort(Comparator.comparingInt(Offer::cents));
            body = offers.stream()
                    .map(offer -> "{\"haulier\": \"" + offer.haulier() + "\", \"cents\": " + offer.cents() + "}")
                    .collect(Collectors.joining(", ", "[", "]"));
        } catch (ArrayIndexOutOfBoundsException | NumberFormatException wrong) {
            status = 400;
            body = "{\"error\": \"/quotes/PIANO/KILOMETRES/FLOORS\"}";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (exchange) {
            exchange.getResponseBody().write(bytes);
        }
    }

    /** The booking system of some hauliers, which answers after so many milliseconds; its port. */
    static int bookingSystem(int milliseconds) throws IOException {
        Process started =
                new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "" + milliseconds).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    static void sendCustomers(int port) throws IOException, InterruptedException {
        String paths = IntStream.range(0, 60)
                .mapToObj(i -> "/quotes/" + (i % 3 == 0 ? "grand" : "upright") + "/" + (5 + i * 7 % 90) + "/" + i % 6)
                .collect(Collectors.joining(","));
        String program = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), program, "http", "" + port, paths, "20", "12").start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        int regional = bookingSystem(35);
        int national = bookingSystem(55);
        List<Haulier> hauliers = List.of(
                new Haulier("adagio", regional, 3),
                new Haulier("brio", national, 5),
                new Haulier("cantabile", regional, 4),
                new Haulier("dolce", national, 2),
                new Haulier("energico", regional, 6),
                new Haulier("forte", national, 3),
                new Haulier("grave", regional, 5));
        PianoMovers movers = new PianoMovers(hauliers);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.createContext("/quotes/", movers::quote);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
        sendCustomers(server.getAddress().getPort());
        Thread.sleep(1500);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
