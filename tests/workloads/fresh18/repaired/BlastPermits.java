// bench: repaired twin of BlastPermits build: postgresql.jar HikariCP.jar slf4j-api.jar
// Blast permits for quarries: shot firers' tablets ask, before each blast, which permits are open for their bench and
// what ground vibration is allowed there. The register is a PostgreSQL of the county, about 12 ms away.
// Measured: an answer takes 13 ms; 317 a second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;

public class BlastPermits {
    record Permit(long number, String bench, double maxChargeKg, double maxVibrationMmS) {}

    /** Reads the county's register. */
    static class PermitRegister {
        private final HikariDataSource source;

        PermitRegister(HikariDataSource source) {
            this.source = source;
        }

        List<Permit> openFor(String bench) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement select = connection.prepareStatement(
                            "SELECT number, bench, max_charge, max_vibration FROM open_permits(?)")) {
                select.setString(1, bench);
                List<Permit> permits = new ArrayList<>();
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        permits.add(new Permit(rows.getLong(1), rows.getString(2), rows.getDouble(3), rows.getDouble(4)));
                    }
                }
                return permits;
            }
        }
    }

    static HikariDataSource registerPool(int port) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("county-register");
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
        config.setUsername("postgres");
        config.setReadOnly(true);
        config.setConnectionTimeout(10_000);
        config.setMaximumPoolSize(24);
        config.addDataSourceProperty("prepareThreshold", "2");
        return new HikariDataSource(config);
    }

    private final PermitRegister register;
    private final LongAdder answered = new LongAdder();
    private final LongAdder nanos = new LongAdder();
    private final CountDownLatch warm = new CountDownLatch(150);

    BlastPermits(PermitRegister register) {
        this.register = register;
    }

    void permits(HttpExchange exchange) throws IOException {
        long began = System.nanoTime();
        String path = exchange.getRequestURI().getPath();
        String bench = path.substring(path.lastIndexOf('/') + 1);
        int status = 200;
        String body;
        try {
            body = render(bench, register.openFor(bench));
        } catch (SQLException e) {
            status = 503;
            body = "{\"error\": \"register unavailable\"}";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
        nanos.add(System.nanoTime() - began);
        answered.increment();
        warm.countDown();
    }

    static String render(String bench, List<Permit> permits) {
        StringBuilder out = new StringBuilder(64 + 96 * permits.size());
        out.append("{\"bench\": \"").append(bench).append("\", \"permits\": [");
        String separator = "";
        for (Permit permit : permits) {
            out.append(separator).append("{\"number\": ").append(permit.number())
                    .append(", \"charge_kg\": ").append(permit.maxChargeKg())
                    .append(", \"vibration_mm_s\": ").append(permit.maxVibrationMmS()).append('}');
            separator = ", ";
        }
        return out.append("]}").toString();
    }

    /** Runs Python with the helpers, and returns the first line that it says. */
    static String helper(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(System.getenv("PYTHON")));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            String line = said.readLine();
            process.waitFor();
            return line;
        }
    }

    static final String TABLETS = """
            import os, sys
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            from services import customers
            benches = ["/permits/b%02d" % n for n in range(60)]
            customers(int(sys.argv[1]), benches, 24, pause=0.06)
            """;

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        String said = helper(System.getenv("SERVICES"), "postgres",
                "CREATE TABLE permits (number serial PRIMARY KEY, bench text, max_charge float8, max_vibration float8,"
                        + " closed boolean)",
                "INSERT INTO permits (bench, max_charge, max_vibration, closed) SELECT"
                        + " 'b' || lpad((n % 60)::text, 2, '0'), 20 + n % 17, 3 + n % 5, n % 3 = 0"
                        + " FROM generate_series(1, 900) n",
                "CREATE INDEX ON permits (bench)",
                "CREATE FUNCTION open_permits(asked text) RETURNS SETOF permits LANGUAGE plpgsql AS $$ BEGIN"
                        + " PERFORM pg_sleep(0.012);"
                        + " RETURN QUERY SELECT * FROM permits WHERE bench = asked AND NOT closed; END $$");
        HikariDataSource pool = registerPool(Integer.parseInt(said.trim()));
        BlastPermits service = new BlastPermits(new PermitRegister(pool));

        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(24));
        server.createContext("/permits/", service::permits);
        server.start();
        helper("-c", TABLETS, String.valueOf(server.getAddress().getPort()));
        service.warm.await();
        Thread.sleep(9000);
        System.out.println("ready");
        System.out.flush();

        while (true) {
            long count = service.answered.sum();
            long spent = service.nanos.sum();
            Thread.sleep(4000);
            count = service.answered.sum() - count;
            spent = service.nanos.sum() - spent;
            System.err.printf("%.0f answers a second, %.1f ms each%n", count / 4.0, spent / 1e6 / Math.max(1, count));
        }
    }
}
