// expect: healthy bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// The ledger of a sea-salt works: rakers' tablets report and ask over HTTP for the brine of the evaporation ponds.
// GET /ponds/N tells from the last densities when a pond may be raked; /ponds/N/note?density=D writes a reading down.
//
// Measured: a request takes 16.0 ms, in the twin 2.3 ms, at 45 and 50 requests a second.
// CPU 2.2 s in 15 s, in the twin 1.1 s in 16 s (0.8 s of both is the start).
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
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class BrineLedger {
    static final int PONDS = 60;
    static final double RIPE = 25.6; // degrees Baume at which salt falls out

    record Reading(double density, double depth) {}

    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    /** Where the ledger is kept. */
    static class Database {
        private final DataSource source;

        Database(int port) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
            config.setUsername("postgres");
            config.setMaximumPoolSize(8);
            config.setPoolName("ledger");
            source = new HikariDataSource(config);
        }

        Connection open() throws SQLException {
            return source.getConnection();
        }

        <T> T with(Work<T> work) throws SQLException {
            try (Connection connection = open()) {
                return work.on(connection);
            }
        }
    }

    static class PondRepository {
        private final Database database;

        PondRepository(Database database) {
            this.database = database;
        }

        List<Reading> last(int pond, int number) throws SQLException {
            return database.with(connection -> {
                List<Reading> all = new ArrayList<>();
                try (PreparedStatement statement = connection.prepareStatement(
                        "SELECT density, depth FROM reading WHERE pond = ? ORDER BY slot DESC LIMIT ?")) {
                    statement.setInt(1, pond);
                    statement.setInt(2, number);
                    try (ResultSet found = statement.executeQuery()) {
                        while (found.next()) {
                            all.add(new Reading(found.getDouble(1), found.getDouble(2)));
                        }
                    }
                }
                return all;
            });
        }

        int note(int pond, double density) throws SQLException {
            return database.with(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(
                        "UPDATE brine SET density = ?, noted = now() WHERE pond = ?")) {
                    statement.setDouble(1, density);
                    statement.setInt(2, pond);
                    return statement.executeUpdate();
                }
            });
        }
    }

    static class RakingService {
        private final PondRepository ponds;

        RakingService(PondRepository ponds) {
            this.ponds = ponds;
        }

        String outlook(int pond) throws SQLException {
            List<Reading> last = ponds.last(pond, 12);
            double density = last.stream().mapToDouble(Reading::density).average().orElse(0);
            double depth = last.stream().mapToDouble(Reading::depth).min().orElse(0);
            double days = Math.max(0, (RIPE - density) * depth / 9);
            return String.format(Locale.ROOT, "{\"pond\": %d, \"density\": %.2f, \"depth\": %.1f, \"days\": %.1f}",
                    pond, density, depth, days);
        }

        String note(int pond, double density) throws SQLException {
            return "{\"noted\": " + (ponds.note(pond, density) == 1) + "}";
        }
    }

    static class PondHandler {
        private final RakingService raking;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        PondHandler(RakingService raking) {
            this.raking = raking;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/");
            String query = exchange.getRequestURI().getQuery();
            try {
                int pond = Integer.parseInt(parts[2]);
                String body = parts.length > 3
                        ? raking.note(pond, Double.parseDouble(query.substring(query.indexOf('=') + 1)))
                        : raking.outlook(pond);
                answer(exchange, 200, body);
            } catch (SQLException e) {
                answer(exchange, 503, "{\"error\": \"" + e.getSQLState() + "\"}");
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private static void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE reading (pond int, slot int, density float8, depth float8, PRIMARY KEY (pond, slot))",
                "CREATE TABLE brine (pond int PRIMARY KEY, density float8, noted timestamptz) WITH (fillfactor = 50)",
                "INSERT INTO brine SELECT i, 20, now() FROM generate_series(1, 60) i",
                "INSERT INTO reading SELECT i % 60 + 1, i / 60, 18 + i * 31 % 70 / 10.0, 4 + i % 9"
                        + " FROM generate_series(1, 18000) i", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** The tablets of eight rakers, in processes of their own. */
    static void rakers(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int pond = 1; pond <= PONDS; pond++) {
            paths.add("/ponds/" + pond);
            if (pond % 5 == 0) {
                paths.add("/ponds/" + pond + "/note?density=" + (19 + pond % 6));
            }
        }
        String script = "import os, sys; sys.path.append(os.path.dirname(os.environ['SERVICES'])); import services; "
                + "services.customers(int(sys.argv[1]), sys.argv[2].split(','), 8, pause=0.16)";
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, String.join(",", paths))
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Database database = new Database(database());
        PondHandler handler = new PondHandler(new RakingService(new PondRepository(database)));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/ponds/", handler::handle);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        rakers(server.getAddress().getPort());
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = handler.served.sum();
            System.err.printf("%d served, %.1f ms each%n", served, handler.spent.sum() / 1e6 / served);
        }
    }
}
