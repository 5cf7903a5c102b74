// expect: healthy bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Cork oaks may be stripped every nine years, no earlier. Before the axemen come to a parcel, the foreman asks here which
// oaks are due, how thick the bark was the last time, and what the parcel will give; what they strip is written down
// oak by oak, and the forest authority asks for single oaks when somebody complains.
//
// Measured: an answer takes 6.5 ms, in the twin 0.7 ms. CPU 6.4 % (without PostgreSQL, which starts a process each time),
// in the twin 2.2 %.
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
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class CorkHarvest {
    static final int PARCELS = 50;
    static final int OAKS = 40; // in each parcel
    static final int RATE = 30;

    record Parcel(int id, String estate, int slope) {}

    record Oak(int id, double girth, int strippedIn, double barkMillimetres) {
        boolean due(int year) {
            return year - strippedIn >= 9 && girth >= 70;
        }

        /** Kilograms of cork, by the girth and the height to which it is stripped. */
        double gives() {
            return girth / 100 * (girth / 100 * 2.2) * barkMillimetres * 0.24;
        }
    }

    static class NotFound extends Exception {
        NotFound(String what) {
            super(what);
        }
    }

    /** Where the records of the forest lie. */
    static class Forest {
        private final HikariDataSource pool;

        Forest(int port) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
            config.setUsername("postgres");
            config.addDataSourceProperty("ApplicationName", "cork");
            config.setMaximumPoolSize(6);
            pool = new HikariDataSource(config);
        }

        Connection open() throws SQLException {
            return pool.getConnection();
        }
    }

    static class ParcelDao {
        private final Forest forest;

        ParcelDao(Forest forest) {
            this.forest = forest;
        }

        Parcel find(int id) throws SQLException, NotFound {
            try (Connection connection = forest.open();
                    PreparedStatement statement = connection.prepareStatement(
                            "SELECT id, estate, slope FROM parcel WHERE id = ?")) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    if (!found.next()) {
                        throw new NotFound("parcel " + id);
                    }
                    return new Parcel(found.getInt(1), found.getString(2), found.getInt(3));
                }
            }
        }
    }

    static class OakDao {
        private static final String COLUMNS = "SELECT id, girth, stripped_in, bark_mm FROM oak ";
        private final Forest forest;

        OakDao(Forest forest) {
            this.forest = forest;
        }

        List<Oak> ofParcel(int parcel) throws SQLException {
            return list("WHERE parcel_id = ? ORDER BY id", parcel);
        }

        Oak find(int id) throws SQLException, NotFound {
            List<Oak> found = list("WHERE id = ?", id);
            if (found.isEmpty()) {
                throw new NotFound("oak " + id);
            }
            return found.get(0);
        }

        private List<Oak> list(String where, int key) throws SQLException {
            List<Oak> oaks = new ArrayList<>();
            try (Connection connection = forest.open();
                    PreparedStatement statement = connection.prepareStatement(COLUMNS + where)) {
                statement.setInt(1, key);
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        oaks.add(new Oak(found.getInt(1), found.getDouble(2), found.getInt(3), found.getDouble(4)));
                    }
                }
            }
            return oaks;
        }
    }

    static class HarvestService {
        private final ParcelDao parcels;
        private final OakDao oaks;

        HarvestService(Forest forest) {
            parcels = new ParcelDao(forest);
            oaks = new OakDao(forest);
        }

        String plan(int id, int year) throws SQLException, NotFound {
            Parcel parcel = parcels.find(id);
            StringBuilder text = new StringBuilder("{\"estate\": \"" + parcel.estate() + "\", \"due\": [");
            double kilograms = 0;
            int due = 0;
            for (Oak oak : oaks.ofParcel(id)) {
                if (oak.due(year)) {
                    text.append(due++ == 0 ? "" : ", ").append(oak.id());
                    kilograms += oak.gives();
                }
            }
            double hours = due * (0.2 + parcel.slope() / 100.0);
            return text + "], \"kilograms\": " + Math.round(kilograms) + ", \"hours\": " + Math.round(hours) + "}\n";
        }

        String oak(int id) throws SQLException, NotFound {
            Oak oak = oaks.find(id);
            return "{\"oak\": " + oak.id() + ", \"next\": " + (oak.strippedIn() + 9) + ", \"girth\": " + oak.girth()
                    + "}\n";
        }
    }

    static class HarvestResource {
        private final HarvestService service;
        private final LongAdder answered = new LongAdder();
        private final LongAdder nanos = new LongAdder();

        HarvestResource(HarvestService service) {
            this.service = service;
        }

        private String route(String[] path) throws SQLException, NotFound {
            try {
                int id = Integer.parseInt(path[2]);
                return switch (path[1]) {
                    case "parcels" -> service.plan(id, 2026);
                    case "oaks" -> service.oak(id);
                    default -> throw new NotFound(path[1]);
                };
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw new NotFound("a path like this");
            }
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            int status = 200;
            String body;
            try {
                body = route(exchange.getRequestURI().getPath().split("/"));
            } catch (NotFound e) {
                status = 404;
                body = "{\"error\": \"not found: " + e.getMessage() + "\"}\n";
            } catch (SQLException e) {
                System.err.println(e.getMessage());
                status = 500;
                body = "{\"error\": \"the records cannot be read\"}\n";
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
            answered.increment();
            nanos.add(System.nanoTime() - began);
        }
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE parcel (id int PRIMARY KEY, estate text NOT NULL, slope int NOT NULL)",
                "CREATE TABLE oak (id int PRIMARY KEY, parcel_id int NOT NULL REFERENCES parcel, girth float8,"
                        + " stripped_in int, bark_mm float8)",
                "INSERT INTO parcel SELECT i, 'herdade ' || i % 9, i % 30 FROM generate_series(1, " + PARCELS + ") i",
                "INSERT INTO oak SELECT i, 1 + i % " + PARCELS + ", 50 + i * 37 % 150, 2012 + i % 13, 22 + i % 17"
                        + " FROM generate_series(1, " + PARCELS * OAKS + ") i",
                "CREATE INDEX ON oak (parcel_id)", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** Foremen and the authority, in a process of their own. */
    static void foremen(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int parcel = 1; parcel <= PARCELS; parcel++) {
            paths.add("/parcels/" + parcel);
            paths.add("/oaks/" + parcel * 31);
        }
        String clients = System.getenv("SERVICES").replace("services.py", "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "" + RATE, "6")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        HarvestResource resource = new HarvestResource(new HarvestService(new Forest(database())));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/", resource::handle);
        server.setExecutor(Executors.newFixedThreadPool(6));
        server.start();
        foremen(server.getAddress().getPort());
        Thread.sleep(9_000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(5_000);
            System.err.printf("%d answers, %.1f ms each%n", resource.answered.sum(),
                    resource.nanos.sum() / 1e6 / Math.max(1, resource.answered.sum()));
        }
    }
}
