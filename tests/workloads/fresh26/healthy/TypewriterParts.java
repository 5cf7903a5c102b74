// expect: healthy bench
// Parts desk for old typewriters: dealers look for parts by the beginning of their names and by machine, and ask for stock
// and price of one. The catalogue is in memory, sorted; the answers are small.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

public class TypewriterParts {
    static final int PARTS = 20_000;
    static final int SHOWN = 15;
    static final int REQUESTS_PER_SECOND = 150;

    record Part(int number, String name, String machine, int cents, AtomicInteger stock) {
        void show(StringBuilder text) {
            text.append("{\"number\": ").append(number).append(", \"name\": \"").append(name);
            text.append("\", \"machine\": \"").append(machine).append("\", \"cents\": ").append(cents);
            text.append(", \"stock\": ").append(stock.get()).append('}');
        }
    }

    static class Catalogue {
        private final Map<Integer, Part> byNumber = new HashMap<>(PARTS * 2);
        private final NavigableMap<String, Part> byName = new TreeMap<>();
        private final Map<String, List<Part>> byMachine = new HashMap<>();

        void add(Part part) {
            byNumber.put(part.number(), part);
            byName.put(part.name() + '\0' + part.number(), part);
            byMachine.computeIfAbsent(part.machine(), machine -> new ArrayList<>()).add(part);
        }

        Part part(int number) {
            return byNumber.get(number);
        }

        List<Part> named(String beginning) {
            List<Part> found = new ArrayList<>(SHOWN);
            for (Part part : byName.tailMap(beginning, true).values()) {
                if (found.size() == SHOWN || !part.name().startsWith(beginning)) {
                    break;
                }
                found.add(part);
            }
            return found;
        }

        List<Part> fitting(String machine, int page) {
            List<Part> all = byMachine.getOrDefault(machine, List.of());
            int from = Math.min(page * SHOWN, all.size());
            return all.subList(from, Math.min(from + SHOWN, all.size()));
        }
    }

    static Catalogue catalogue() {
        String[] things = {"platen", "ribbon spool", "carriage", "key lever", "type bar", "bell", "margin stop", "escapement"};
        Random chance = new Random(41);
        Catalogue catalogue = new Catalogue();
        for (int i = 0; i < PARTS; i++) {
            String name = things[chance.nextInt(things.length)] + " " + (100 + chance.nextInt(900));
            String machine = "model-" + chance.nextInt(120);
            catalogue.add(new Part(i, name, machine, 90 + chance.nextInt(9_000), new AtomicInteger(chance.nextInt(60))));
        }
        return catalogue;
    }

    static String list(List<Part> parts) {
        StringBuilder text = new StringBuilder(parts.size() * 100 + 32);
        text.append("{\"parts\": [");
        for (int i = 0; i < parts.size(); i++) {
            text.append(i == 0 ? "" : ", ");
            parts.get(i).show(text);
        }
        return text.append("]}").toString();
    }

    static void handle(HttpExchange exchange, Catalogue catalogue) throws IOException {
        String[] words = exchange.getRequestURI().getPath().split("/");
        try {
            switch (words[1]) {
                case "named" -> answer(exchange, 200, list(catalogue.named(words[2])));
                case "machines" -> answer(exchange, 200, list(catalogue.fitting(words[2], Integer.parseInt(words[3]))));
                case "reserve" -> {
                    Part part = catalogue.part(Integer.parseInt(words[2]));
                    int left = part == null ? -1 : part.stock().getAndUpdate(stock -> stock == 0 ? 60 : stock - 1);
                    answer(exchange, part == null ? 404 : 200, "{\"reserved\": " + (left > 0) + "}");
                }
                default -> answer(exchange, 404, "{}");
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            answer(exchange, 400, "{}");
        }
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
        Catalogue catalogue = catalogue();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 128);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> handle(exchange, catalogue));
        server.start();

        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            paths.add("/machines/model-" + i + "/" + i % 5);
            paths.add("/named/type%20bar%20" + (1 + i % 9));
            paths.add("/reserve/" + i * 151 % PARTS);
        }
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        String port = Integer.toString(server.getAddress().getPort());
        String rate = Integer.toString(REQUESTS_PER_SECOND);
        start(System.getenv("PYTHON"), clients, "http", port, String.join(",", paths), rate, "8");
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
