// expect: healthy bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// The service of a town's turret clocks: winders ask over HTTP for a tower's clock by the code on its door, and
// get its drift, the last windings and who keeps the parts for it; a timer lists the clocks that must be wound today.
//
// Measured: 57 requests a second, 2.1 ms each; CPU 1.1 s in 16 s (0.8 s of it the start).
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class TurretClocks {
    static final int CLOCKS = 300;
    static final int HANDLERS = 6;

    record Winding(String winder, int turns, double driftSeconds) {}

    record Clock(int id, String code, String tower, String maker, String partsAt) {}

    record Sheet(Clock clock, double driftPerDay, List<Winding> windings) {
        byte[] text() {
            StringBuilder text = new StringBuilder(400);
            text.append(clock.code()).append(' ').append(clock.tower()).append(", by ").append(clock.maker());
            text.append(", parts at ").append(clock.partsAt());
            text.append(String.format(Locale.ROOT, "%ndrift %.1f s a day%n", driftPerDay));
            for (Winding winding : windings) {
                text.append(winding.winder()).append(": ").append(winding.turns()).append(" turns\n");
            }
            return text.toString().getBytes(StandardCharsets.UTF_8);
        }
    }

    static class ClockRepository {
        private final DataSource source;

        ClockRepository(DataSource source) {
            this.source = source;
        }

        Optional<Clock> byCode(Connection connection, String code) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT c.id, c.code, c.tower, m.name, m.parts_at FROM clock c"
                            + " JOIN maker m ON m.id = c.maker_id WHERE c.code = ?")) {
                statement.setString(1, code);
                try (ResultSet found = statement.executeQuery()) {
                    if (!found.next()) {
                        return Optional.empty();
                    }
                    return Optional.of(new Clock(found.getInt(1), found.getString(2), found.getString(3),
                            found.getString(4), found.getString(5)));
                }
            }
        }

        List<Winding> windings(Connection connection, int clock) throws SQLException {
            List<Winding> all = new ArrayList<>(8);
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT winder, turns, drift FROM winding WHERE clock_id = ? ORDER BY week DESC LIMIT 8")) {
                statement.setInt(1, clock);
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        all.add(new Winding(found.getString(1), found.getInt(2), found.getDouble(3)));
                    }
                }
            }
            return all;
        }

        /** The sheet of a clock: its windings are looked up by the id that its code leads to, on one connection. */
        Optional<Sheet> sheet(String code) throws SQLException {
            try (Connection connection = source.getConnection()) {
                Optional<Clock> clock = byCode(connection, code);
                if (clock.isEmpty()) {
                    return Optional.empty();
                }
                List<Winding> windings = windings(connection, clock.get().id());
                double drift = windings.stream().mapToDouble(Winding::driftSeconds).average().orElse(0) / 7;
                return Optional.of(new Sheet(clock.get(), drift, windings));
            }
        }

        Map<String, Integer> due() throws SQLException {
            Map<String, Integer> due = new ConcurrentHashMap<>();
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "SELECT code, reserve FROM clock WHERE reserve < 8 ORDER BY reserve LIMIT 40");
                    ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    due.put(found.getString(1), found.getInt(2));
                }
            }
            return due;
        }
    }

    static class ClockResource {
        private static final byte[] NONE = "no such clock".getBytes(StandardCharsets.UTF_8);
        private final ClockRepository clocks;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();
        volatile Map<String, Integer> due = Map.of();

        ClockResource(ClockRepository clocks) {
            this.clocks = clocks;
        }

        void get(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String code = exchange.getRequestURI().getPath().substring("/clocks/".length());
            try {
                Optional<Sheet> sheet = clocks.sheet(code);
                byte[] body = sheet.isPresent() ? sheet.get().text() : NONE;
                if (due.containsKey(code)) {
                    exchange.getResponseHeaders().set("X-Wind", "today");
                }
                exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
                exchange.sendResponseHeaders(sheet.isPresent() ? 200 : 404, body.length);
                exchange.getResponseBody().write(body);
            } catch (SQLException e) {
                exchange.sendResponseHeaders(503, -1);
            }
            exchange.close();
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        void refresh() {
            try {
                due = clocks.due();
            } catch (SQLException e) {
                System.err.println("due: " + e.getMessage());
            }
        }
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE maker (id int PRIMARY KEY, name text, parts_at text)",
                "CREATE TABLE clock (id int PRIMARY KEY, code text UNIQUE, tower text, maker_id int REFERENCES maker,"
                        + " reserve int)",
                "CREATE TABLE winding (clock_id int REFERENCES clock, week int, winder text, turns int, drift float8,"
                        + " PRIMARY KEY (clock_id, week))",
                "INSERT INTO maker SELECT i, 'founder ' || i, 'loft ' || i % 4 FROM generate_series(1, 15) i",
                "INSERT INTO clock SELECT i, 'T' || i, 'tower ' || i, i % 15 + 1, i * 7 % 60"
                        + " FROM generate_series(1, 300) i",
                "INSERT INTO winding SELECT i % 300 + 1, i / 300, 'winder ' || i % 9, 40 + i % 20, i * 13 % 50 - 25"
                        + " FROM generate_series(1, 15000) i", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** Six winders with their telephones, in processes of their own. */
    static void winders(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int clock = 1; clock <= CLOCKS + 5; clock++) {
            paths.add("/clocks/T" + clock);
        }
        String script = "import os, sys; sys.path.append(os.path.dirname(os.environ['SERVICES'])); import services; "
                + "services.customers(int(sys.argv[1]), sys.argv[2].split(','), 6, pause=0.1)";
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, String.join(",", paths))
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + database() + "/postgres");
        config.setUsername("postgres");
        config.setMaximumPoolSize(HANDLERS + 1); // one for each handler, one for the timer
        config.setPoolName("clocks");
        ClockResource resource = new ClockResource(new ClockRepository(new HikariDataSource(config)));
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(resource::refresh, 0, 2, TimeUnit.SECONDS);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/clocks/", resource::get);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        winders(server.getAddress().getPort());
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = resource.served.sum();
            System.err.printf("%d served, %.1f ms each%n", served, resource.spent.sum() / 1e6 / served);
        }
    }
}
