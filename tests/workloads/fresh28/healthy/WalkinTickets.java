// expect: healthy bench
// Tickets for people who walk into a citizens' office: kiosks draw a number for a concern, clerks call the next one, and
// screens show how long each line is. JDK's HTTP server; a server under a steady load.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

public class WalkinTickets {
    static final int LONGEST = 120;
    static final int RATE = 220;
    static final String[] CONCERNS = {"passports", "residence", "vehicles", "certificates", "parking", "dogs"};

    record Ticket(String label, long drawn) {
    }

    /** The line before the desks for one concern. */
    static final class Line {
        private final char letter;
        private final ArrayDeque<Ticket> waiting = new ArrayDeque<>();
        private int last;
        private long called;
        private long waitedMillis;

        Line(char letter) {
            this.letter = letter;
        }

        synchronized Ticket draw() {
            if (waiting.size() >= LONGEST) {
                return null;
            }
            last = last % 999 + 1;
            Ticket ticket = new Ticket(letter + String.valueOf(last), System.currentTimeMillis());
            waiting.addLast(ticket);
            return ticket;
        }

        synchronized Ticket call() {
            Ticket next = waiting.pollFirst();
            if (next != null) {
                called++;
                waitedMillis += System.currentTimeMillis() - next.drawn();
            }
            return next;
        }

        synchronized String state(String concern) {
            long mean = called == 0 ? 0 : waitedMillis / called;
            return "{\"concern\":\"" + concern + "\",\"waiting\":" + waiting.size() + ",\"called\":" + called
                    + ",\"meanWait\":" + mean + "}";
        }
    }

    private final Map<String, Line> lines = new LinkedHashMap<>();
    private final AtomicInteger turnedAway = new AtomicInteger();

    WalkinTickets() {
        char letter = 'A';
        for (String concern : CONCERNS) {
            lines.put(concern, new Line(letter++));
        }
    }

    private Line lineOf(HttpExchange exchange) {
        String path = exchange.getRequestURI().getPath();
        return lines.get(path.substring(path.lastIndexOf('/') + 1));
    }

    void draw(HttpExchange exchange) throws IOException {
        Line line = lineOf(exchange);
        if (line == null) {
            send(exchange, 404, "{\"error\":\"no such concern\"}");
            return;
        }
        Ticket ticket = line.draw();
        if (ticket == null) {
            turnedAway.incrementAndGet();
            send(exchange, 200, "{\"ticket\":null,\"reason\":\"the line is full\"}");
        } else {
            send(exchange, 200, "{\"ticket\":\"" + ticket.label() + "\"}");
        }
    }

    void call(HttpExchange exchange) throws IOException {
        Line line = lineOf(exchange);
        if (line == null) {
            send(exchange, 404, "{\"error\":\"no such concern\"}");
            return;
        }
        Ticket ticket = line.call();
        send(exchange, 200, ticket == null ? "{\"ticket\":null}" : "{\"ticket\":\"" + ticket.label() + "\"}");
    }

    void screen(HttpExchange exchange) throws IOException {
        List<String> states = new ArrayList<>();
        lines.forEach((concern, line) -> states.add(line.state(concern)));
        send(exchange, 200, "{\"lines\":[" + String.join(",", states) + "],\"turnedAway\":" + turnedAway.get() + "}");
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (var out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    static void openDoors(int port) throws IOException {
        List<String> paths = new ArrayList<>();
        for (String concern : CONCERNS) {
            paths.add("/draw/" + concern);
            paths.add("/call/" + concern);
        }
        paths.add("/screen");
        paths.add("/screen");
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "" + RATE, "10")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    public static void main(String[] args) throws Exception {
        WalkinTickets office = new WalkinTickets();
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/draw/", office::draw);
        server.createContext("/call/", office::call);
        server.createContext("/screen", office::screen);
        server.setExecutor(Executors.newFixedThreadPool(6));
        server.start();
        openDoors(server.getAddress().getPort());
        Thread.sleep(2000);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
