// expect: healthy bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Deckchairs at a resort's bandstands: kiosks and telephones ask over HTTP for a concert's sheet. The concert, its
// bandstand and what is left are in our database; the licence of the band is in the council's register, which the
// database asks on our behalf (the function council_licence stands for that foreign server: it takes 10 ms).
//
// Measured: 165 to 185 sheets a second, 80 to 100 ms each; in the twin 185, 11 ms each; both 6 % of a core.
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
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class BandstandConcerts {
    static final int CONCERTS = 240;
    static final int BANDSTANDS = 9;
    static final int HANDLERS = 16;

    record Concert(int id, String title, String bandstand, int chairs, int sold, String licence) {
        int left() {
            return Math.max(0, chairs - sold);
        }
    }

    record Weather(int bandstand, double wind, boolean awning) {}

    /** The resort's own wind vanes, kept in memory; a timer brings them forward. */
    static class Vanes {
        private volatile List<Weather> latest = observe(0);
        private int round;

        List<Weather> latest() {
            return latest;
        }

        void turn() {
            latest = observe(++round);
        }

        private static List<Weather> observe(int round) {
            List<Weather> all = new ArrayList<>(BANDSTANDS);
            for (int n = 0; n < BANDSTANDS; n++) {
                double wind = 6 + 5 * Math.sin(n + round * 0.1);
                all.add(new Weather(n, wind, wind < 9));
            }
            return List.copyOf(all);
        }
    }

    static class ConcertRepository {
        private static final String SHEET = "SELECT c.id, c.title, b.name, b.chairs, c.sold, council_licence(c.band)"
                + " FROM concert c JOIN bandstand b ON b.id = c.bandstand_id WHERE c.id = ?";
        private final DataSource source;

        ConcertRepository(DataSource source) {
            this.source = source;
        }

        Optional<Concert> find(int id) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(SHEET)) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    return found.next() ? Optional.of(read(found)) : Optional.empty();
                }
            }
        }

        private static Concert read(ResultSet row) throws SQLException {
            return new Concert(row.getInt(1), row.getString(2), row.getString(3), row.getInt(4), row.getInt(5),
                    row.getString(6));
        }
    }

    static class ConcertResource {
        private static final byte[] NONE = "no such concert\n".getBytes(StandardCharsets.UTF_8);
        private final ConcertRepository concerts;
        private final Vanes vanes;
        final LongAdder served = new LongAdder();
        final LongAdder failed = new LongAdder();
        final LongAdder spent = new LongAdder();

        ConcertResource(ConcertRepository concerts, Vanes vanes) {
            this.concerts = concerts;
            this.vanes = vanes;
        }

        /** So that the first who ask do not wait for the compiler. */
        long warmUp(Concert rehearsal) {
            long letters = 0;
            for (int round = 0; round < 25_000; round++) {
                letters += sheet(rehearsal).length;
            }
            return letters;
        }

        void get(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            try {
                Optional<Concert> concert = concerts.find(number(exchange.getRequestURI().getPath()));
                answer(exchange, concert.isPresent() ? 200 : 404, concert.map(this::sheet).orElse(NONE));
            } catch (SQLException e) {
                failed.increment();
                answer(exchange, 503, e.getClass().getSimpleName().getBytes(StandardCharsets.UTF_8));
            } catch (NumberFormatException e) {
                answer(exchange, 400, NONE);
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private static int number(String path) {
            return Integer.parseInt(path.substring(path.lastIndexOf('/') + 1));
        }

        private byte[] sheet(Concert concert) {
            StringBuilder text = new StringBuilder(320);
            text.append(concert.title()).append(" at ").append(concert.bandstand()).append('\n');
            text.append(concert.left()).append(" chairs left of ").append(concert.chairs()).append('\n');
            text.append("licence ").append(concert.licence()).append('\n');
            for (Weather weather : vanes.latest()) {
                if (concert.bandstand().endsWith(" " + weather.bandstand())) {
                    text.append(String.format(Locale.ROOT, "wind %.1f m/s", weather.wind()));
                    text.append(weather.awning() ? ", awning out\n" : ", awning in\n");
                }
            }
            return text.toString().getBytes(StandardCharsets.UTF_8);
        }

        private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    static HikariDataSource connections(int port) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
        config.setUsername("postgres");
        config.setPoolName("bandstands");
        config.setMaximumPoolSize(HANDLERS);
        config.setConnectionTimeout(5_000);
        return new HikariDataSource(config);
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE bandstand (id int PRIMARY KEY, name text, chairs int)",
                "CREATE TABLE concert (id int PRIMARY KEY, title text, band int, sold int,"
                        + " bandstand_id int REFERENCES bandstand)",
                "CREATE FUNCTION council_licence(band int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
                        + " PERFORM pg_sleep(0.01); RETURN 'L-' || band * 37 % 1000; END $$",
                "INSERT INTO bandstand SELECT i, 'bandstand ' || i, 120 + i * 20 FROM generate_series(0, "
                        + (BANDSTANDS - 1) + ") i",
                "INSERT INTO concert SELECT i, 'concert ' || i, i % 31, i * 7 % 140, i % " + BANDSTANDS
                        + " FROM generate_series(1, " + CONCERTS + ") i", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** Kiosks and telephones, in a process of their own. */
    static void kiosks(int port, int rate) throws IOException, InterruptedException {
        StringJoiner paths = new StringJoiner(",");
        for (int concert = 1; concert <= CONCERTS + 3; concert++) {
            paths.add("/concerts/" + concert);
        }
        String clients = System.getenv("SERVICES").replace("services.py", "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, "" + paths, "" + rate, "" + HANDLERS)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Vanes vanes = new Vanes();
        ConcertResource resource = new ConcertResource(new ConcertRepository(connections(database())), vanes);
        if (resource.warmUp(new Concert(0, "rehearsal", "bandstand 4", 200, 20, "none")) == 0) {
            throw new IllegalStateException("no sheet");
        }
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(vanes::turn, 1, 1, TimeUnit.SECONDS);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/concerts/", resource::get);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        kiosks(server.getAddress().getPort(), 185);
        while (resource.served.sum() < 400) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            TimeUnit.SECONDS.sleep(10);
            long served = resource.served.sum();
            System.err.printf("%d served (%d failed), %.2f ms each%n", served, resource.failed.sum(),
                    resource.spent.sum() / 1e6 / served);
        }
    }
}
