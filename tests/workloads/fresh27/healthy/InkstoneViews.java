// expect: healthy bench

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts what is read on a site about inkstones and brushes. Pages report a view each; every two seconds the counts fade, what
 * is read most just now is put together, and is written down for the site's front.
 */
public class InkstoneViews {
    static final int SHOWN = 20;
    static final double FADE = 0.9;
    static final double FORGOTTEN = 0.05;

    record Popular(int page, double weight) {}

    /** The views since the last round, and what is left of those before. */
    static final class Page {
        final LongAdder fresh = new LongAdder();
        double weight;
    }

    final Map<Integer, Page> pages = new ConcurrentHashMap<>();
    final Path target = Path.of("popular.json");
    final Path draft = Path.of("popular.json.new");
    volatile byte[] popular = "[]".getBytes(StandardCharsets.UTF_8);

    void seen(int page) {
        pages.computeIfAbsent(page, number -> new Page()).fresh.increment();
    }

    List<Popular> round() {
        PriorityQueue<Popular> best = new PriorityQueue<>(Comparator.comparingDouble(Popular::weight));
        for (var entries = pages.entrySet().iterator(); entries.hasNext(); ) {
            Map.Entry<Integer, Page> entry = entries.next();
            Page page = entry.getValue();
            page.weight = page.weight * FADE + page.fresh.sumThenReset();
            if (page.weight < FORGOTTEN) {
                entries.remove();
                continue;
            }
            if (best.size() < SHOWN || page.weight > best.peek().weight()) {
                best.add(new Popular(entry.getKey(), page.weight));
                if (best.size() > SHOWN) {
                    best.poll();
                }
            }
        }
        List<Popular> found = new ArrayList<>(best);
        found.sort(Comparator.comparingDouble(Popular::weight).reversed());
        return found;
    }

    void publish() {
        try {
            StringBuilder text = new StringBuilder("[");
            for (Popular one : round()) {
                if (text.length() > 1) {
                    text.append(',');
                }
                text.append("{\"page\":").append(one.page()).append(",\"weight\":").append(Math.round(one.weight())).append('}');
            }
            String body = text.append(']').toString();
            try (BufferedWriter out = Files.newBufferedWriter(draft)) {
                out.write(body);
            }
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            popular = body.getBytes(StandardCharsets.UTF_8);
        } catch (IOException | RuntimeException problem) {
            System.err.println("not published: " + problem);
        }
    }

    void view(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        try {
            seen(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
            exchange.sendResponseHeaders(204, -1);
        } catch (NumberFormatException wrong) {
            exchange.sendResponseHeaders(400, -1);
        }
        exchange.close();
    }

    void list(HttpExchange exchange) throws IOException {
        byte[] body = popular;
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.getResponseHeaders().set("Cache-Control", "max-age=2");
        exchange.sendResponseHeaders(200, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    public static void main(String[] words) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        InkstoneViews site = new InkstoneViews();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/seen/", site::view);
        server.createContext("/popular", site::list);
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.start();
        ScheduledExecutorService rounds = Executors.newSingleThreadScheduledExecutor();
        rounds.scheduleAtFixedRate(site::publish, 2, 2, TimeUnit.SECONDS);

        StringBuilder paths = new StringBuilder("/popular");
        for (int at = 0; at < 400; at++) {
            paths.append(",/seen/").append(at < 200 ? 1 + at % 25 : at * 7);
            if (at % 10 == 0) {
                paths.append(",/popular");
            }
        }
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        String port = String.valueOf(server.getAddress().getPort());
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", port, paths.toString(), "200", "8")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
