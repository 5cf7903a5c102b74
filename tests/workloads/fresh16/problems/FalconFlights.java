// expect: pattern=pool-undersized bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// The flight desk of a falconry centre: every quarter of a second the receivers on the weathering lawn ask together,
// one for each bird, how long it has flown and how high, and whether it is to be called back to the glove. The archive
// keeps flights on slower disks (flight_summary takes 12 ms there), and bears several dozen questions at a time.
//
// Measured: a request takes 60 ms, in the twin 17 ms; both serve 61 to 64 a second.
// CPU 1.2 s in 16 s, in the twin 1.1 s.
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
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class FalconFlights {
    static final String RECEIVERS = """
            import http.client, sys, threading, time
            port, birds, period = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
            began = time.monotonic() + 0.2

            def receiver(bird):
                desk = http.client.HTTPConnection("127.0.0.1", port)
                turn = 0
                while True:
                    turn = max(turn + 1, int((time.monotonic() - began) / period))
                    time.sleep(max(0.0, began + turn * period - time.monotonic()))
                    desk.request("GET", f"/birds/{bird}")
                    desk.getresponse().read()

            for bird in range(1, birds + 1):
                threading.Thread(target=receiver, args=(bird,)).start()
            """;

    record Flight(int bird, double minutes, double pitch, int kills) {}

    /** Settings as they would stand in application.properties. */
    static Properties settings(int port) {
        Properties settings = new Properties();
        settings.setProperty("handlers", "16");
        settings.setProperty("url", "jdbc:postgresql://127.0.0.1:" + port + "/postgres");
        settings.setProperty("pool.size", "2"); // <- cost
        return settings;
    }

    static class Pools {
        static HikariDataSource telemetry(Properties settings) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(settings.getProperty("url"));
            config.setUsername("postgres");
            config.setMaximumPoolSize(Integer.parseInt(settings.getProperty("pool.size"))); // <- cost
            config.setConnectionTimeout(10_000);
            config.setPoolName("telemetry");
            return new HikariDataSource(config);
        }
    }

    static class FlightRepository {
        private final DataSource source;

        FlightRepository(DataSource source) {
            this.source = source;
        }

        Flight summary(int bird) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "SELECT minutes, pitch, kills FROM flight_summary(?)")) {
                statement.setInt(1, bird);
                try (ResultSet found = statement.executeQuery()) {
                    found.next();
                    return new Flight(bird, found.getDouble(1), found.getDouble(2), found.getInt(3));
                }
            }
        }
    }

    static class CallBack {
        private final FlightRepository flights;

        CallBack(FlightRepository flights) {
            this.flights = flights;
        }

        String advise(int bird) throws SQLException {
            Flight flight = flights.summary(bird);
            double tired = flight.minutes() / 45 + flight.pitch() / 900 + flight.kills() * 0.2;
            String advice = tired > 1.4 ? "call" : tired > 1 ? "watch" : "fly";
            return String.format(Locale.ROOT, "{\"bird\": %d, \"minutes\": %.1f, \"pitch\": %.0f, \"advice\": \"%s\"}",
                    bird, flight.minutes(), flight.pitch(), advice);
        }
    }

    static class BirdHandler {
        private final CallBack callBack;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        BirdHandler(CallBack callBack) {
            this.callBack = callBack;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String path = exchange.getRequestURI().getPath();
            try {
                answer(exchange, 200, callBack.advise(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1))));
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
                "CREATE TABLE flight (bird int, slot int, minutes float8, pitch float8, kill boolean,"
                        + " PRIMARY KEY (bird, slot))",
                "INSERT INTO flight SELECT i % 16 + 1, i / 16, i * 7 % 60 / 10.0, 40 + i * 13 % 400, i % 11 = 0"
                        + " FROM generate_series(1, 12000) i",
                "CREATE FUNCTION flight_summary(asked int, OUT minutes float8, OUT pitch float8, OUT kills int) AS $$"
                        + " BEGIN PERFORM pg_sleep(0.012);"
                        + " SELECT sum(f.minutes), max(f.pitch), count(*) FILTER (WHERE f.kill) INTO"
                        + " minutes, pitch, kills FROM flight f WHERE f.bird = asked AND f.slot < 12; END $$"
                        + " LANGUAGE plpgsql STABLE",
                "ANALYZE").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Properties settings = settings(database());
        BirdHandler handler = new BirdHandler(new CallBack(new FlightRepository(Pools.telemetry(settings))));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/birds/", handler::handle);
        server.setExecutor(Executors.newFixedThreadPool(Integer.parseInt(settings.getProperty("handlers"))));
        server.start();
        new ProcessBuilder(System.getenv("PYTHON"), "-c", RECEIVERS, "" + server.getAddress().getPort(), "16", "0.25")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = handler.served.sum();
            System.err.printf("%d served, %.1f ms each%n", served, handler.spent.sum() / 1e6 / served);
        }
    }
}
