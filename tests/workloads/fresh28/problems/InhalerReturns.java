// expect: pattern=connection-per-request bench build: postgresql.jar HikariCP.jar slf4j-api.jar
// Pharmacies return inhalers of recalled lots; their tills ask this service whether an inhaler's lot is recalled, what is
// paid back for it, and book the return. JDK's HTTP server, PostgreSQL.
//
// Measured: a lookup takes (median) 12 ms, repaired 1.4 to 1.6 ms; 0.11 to 0.13 cores, repaired 0.07 (and PostgreSQL's own).
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

public class InhalerReturns {
    static final int LOTS = 900;
    static final int RATE = 45;

    record Recall(String lot, String product, int refundCents, boolean urgent) {
        String json() {
            return "{\"lot\":\"" + lot + "\",\"product\":\"" + product + "\",\"refund\":" + refundCents
                    + ",\"urgent\":" + urgent + "}";
        }
    }

    static final class RecallStore {
        private final String url;

        RecallStore(int port) {
            this.url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
        }

        private Connection connect() throws SQLException {
            return DriverManager.getConnection(url, "postgres", ""); // <- cost
        }

        Optional<Recall> find(String lot) throws SQLException {
            try (Connection connection = connect(); // <- cost
                    PreparedStatement query = connection.prepareStatement(
                            "SELECT lot, product, refund_cents, urgent FROM recall WHERE lot = ?")) {
                query.setString(1, lot);
                try (ResultSet rows = query.executeQuery()) {
                    if (!rows.next()) {
                        return Optional.empty();
                    }
                    return Optional.of(new Recall(rows.getString(1), rows.getString(2), rows.getInt(3), rows.getBoolean(4)));
                }
            }
        }

        int book(String lot) throws SQLException {
            try (Connection connection = connect(); // <- cost
                    PreparedStatement update = connection.prepareStatement(
                            "UPDATE recall SET returned = returned + 1 WHERE lot = ? RETURNING returned")) {
                update.setString(1, lot);
                try (ResultSet rows = update.executeQuery()) {
                    return rows.next() ? rows.getInt(1) : -1;
                }
            }
        }
    }

    private final RecallStore store;
    private final LongAdder failures = new LongAdder();

    InhalerReturns(RecallStore store) {
        this.store = store;
    }

    void recall(HttpExchange exchange) throws IOException {
        answer(exchange, lot -> store.find(lot).map(Recall::json).orElse(null));
    }

    void giveBack(HttpExchange exchange) throws IOException {
        answer(exchange, lot -> {
            int returned = store.book(lot);
            return returned < 0 ? null : "{\"lot\":\"" + lot + "\",\"returned\":" + returned + "}";
        });
    }

    interface Work {
        String of(String lot) throws SQLException;
    }

    private void answer(HttpExchange exchange, Work work) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String lot = path.substring(path.lastIndexOf('/') + 1);
        int status = 200;
        String body;
        try {
            body = work.of(lot);
            if (body == null) {
                status = 404;
                body = "{\"error\":\"lot is not recalled\"}";
            }
        } catch (SQLException e) {
            failures.increment();
            status = 503;
            body = "{\"error\":\"try again later\"}";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (var out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    static int startDatabase() throws Exception {
        String table = "CREATE TABLE recall (lot text PRIMARY KEY, product text NOT NULL, refund_cents int NOT NULL, "
                + "urgent boolean NOT NULL, returned int NOT NULL DEFAULT 0)";
        String rows = "INSERT INTO recall SELECT 'L' || n, 'Inhaler ' || n % 17, 900 + n % 40 * 50, n % 9 = 0, 0 "
                + "FROM generate_series(1, " + LOTS + ") n";
        Process process = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres", table, rows)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var said = process.inputReader()) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    static void openTills(int port) throws IOException {
        String paths = IntStream.range(0, 120)
                .mapToObj(n -> (n % 3 == 0 ? "/returns/L" : "/recalls/L") + (1 + n * 31 % (LOTS + 40)))
                .collect(Collectors.joining(","));
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, paths, "" + RATE, "8")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    public static void main(String[] args) throws Exception {
        InhalerReturns service = new InhalerReturns(new RecallStore(startDatabase()));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/recalls/", service::recall);
        server.createContext("/returns/", service::giveBack);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        openTills(server.getAddress().getPort());
        Thread.sleep(2500);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
