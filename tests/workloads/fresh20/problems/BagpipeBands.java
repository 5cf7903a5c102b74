// expect: pattern=repeated-query bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// The tuning desk of a bagpipe gathering: before a massed band of 160 pipers marches on, its pipe major asks for the
// tuning sheet, which tells from the reeds in chanters and bass drones who is to retune, and who needs new reeds.
// (Others keep measuring the reeds in a tent, which the desk does not do.)
//
// Measured: a sheet takes 4.8 ms (the best tenth; the median is 7 ms on a busy machine), in the twin 1.1 ms (1.6 ms);
// both write 20 sheets a second. CPU 0.066 of a core, in the twin 0.034.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.File;
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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;

public class BagpipeBands {
    static final int BANDS = 15;
    static final int HANDLERS = 6;

    record Band(int id, String name, int grade, double pitch) {}

    record Reed(String pipe, double hertz, double moisture, int daysPlayed) {}

    /** A piper of a band; the reeds are there when somebody wants to see them. */
    static class Piper {
        final int id;
        final String name;
        private final ReedRepository repository;
        private List<Reed> reeds;

        Piper(int id, String name, ReedRepository repository) {
            this.id = id;
            this.name = name;
            this.repository = repository;
        }

        List<Reed> reeds() throws SQLException {
            if (reeds == null) {
                reeds = repository.ofPiper(id); // <- cost
            }
            return reeds;
        }
    }

    interface Row<T> {
        T read(ResultSet found) throws SQLException;
    }

    static class Database {
        private final DataSource source;

        Database(DataSource source) {
            this.source = source;
        }

        <T> List<T> select(String sql, int key, Row<T> row) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setInt(1, key);
                List<T> rows = new ArrayList<>();
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        rows.add(row.read(found));
                    }
                }
                return rows;
            }
        }
    }

    static class ReedRepository {
        private static final String SELECT = "SELECT pipe, hertz, moisture, days_played FROM reed";
        private static final String OF_PIPER = " WHERE piper_id = ? ORDER BY pipe";
        private final Database database;

        ReedRepository(Database database) {
            this.database = database;
        }

        List<Reed> ofPiper(int piper) throws SQLException {
            return database.select(SELECT + OF_PIPER, piper, ReedRepository::read); // <- cost
        }

        private static Reed read(ResultSet found) throws SQLException {
            return new Reed(found.getString(1), found.getDouble(2), found.getDouble(3), found.getInt(4));
        }
    }

    static class BandRepository {
        private final Database database;
        private final ReedRepository reeds;

        BandRepository(Database database, ReedRepository reeds) {
            this.database = database;
            this.reeds = reeds;
        }

        Band find(int id) throws SQLException {
            List<Band> found = database.select("SELECT id, name, grade, pitch FROM band WHERE id = ?", id,
                    r -> new Band(r.getInt(1), r.getString(2), r.getInt(3), r.getDouble(4)));
            return found.isEmpty() ? null : found.get(0);
        }

        List<Piper> pipers(Band band) throws SQLException {
            return database.select("SELECT id, name FROM piper WHERE band_id = ? ORDER BY id", band.id(),
                    r -> new Piper(r.getInt(1), r.getString(2), reeds));
        }
    }

    /** What is to be done about one piper. */
    static class Verdict {
        final Piper piper;
        double cents;
        int worn;

        Verdict(Piper piper) {
            this.piper = piper;
        }

        void hear(Reed reed, Band band) {
            double ideal = reed.pipe().equals("bass") ? band.pitch() / 4 : band.pitch();
            double off = 1200 * Math.log(reed.hertz() / ideal) / Math.log(2);
            cents = Math.abs(off) > Math.abs(cents) ? off : cents;
            if (reed.daysPlayed() > 120 || reed.moisture() > 0.24) {
                worn++;
            }
        }

        String advice() {
            return worn > 1 ? "replace" : Math.abs(cents) > 9 ? "retune" : "play";
        }
    }

    static class TuningService {
        private final BandRepository bands;

        TuningService(BandRepository bands) {
            this.bands = bands;
        }

        String sheet(int id) throws SQLException {
            Band band = bands.find(id);
            if (band == null) {
                return null;
            }
            List<Verdict> verdicts = new ArrayList<>();
            for (Piper piper : bands.pipers(band)) {
                verdicts.add(examine(piper, band));
            }
            verdicts.sort((a, b) -> Double.compare(Math.abs(b.cents), Math.abs(a.cents)));
            StringBuilder text = new StringBuilder(4096);
            text.append("{\"band\": \"").append(band.name()).append("\", \"pipers\": [");
            for (Verdict verdict : verdicts) {
                text.append("{\"name\": \"").append(verdict.piper.name).append("\", \"cents\": ")
                        .append(Math.round(verdict.cents)).append(", \"advice\": \"").append(verdict.advice())
                        .append("\"}, ");
            }
            return text.append("null]}").toString();
        }

        private Verdict examine(Piper piper, Band band) throws SQLException {
            Verdict verdict = new Verdict(piper);
            for (Reed reed : piper.reeds()) { // <- cost
                verdict.hear(reed, band);
            }
            return verdict;
        }
    }

    static class Desk {
        private final TuningService tuning;
        final LongAdder served = new LongAdder();
        final LongAdder spent = new LongAdder();

        Desk(TuningService tuning) {
            this.tuning = tuning;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String path = exchange.getRequestURI().getPath();
            try {
                String sheet = tuning.sheet(Integer.parseInt(path.substring(path.lastIndexOf('/') + 1)));
                answer(exchange, sheet == null ? 404 : 200, sheet == null ? "{}" : sheet);
            } catch (NumberFormatException e) {
                answer(exchange, 400, "{\"error\": \"which band?\"}");
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

    static HikariDataSource pool(int port) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
        config.setUsername("postgres");
        config.setMaximumPoolSize(HANDLERS);
        config.setPoolName("tuning");
        return new HikariDataSource(config);
    }

    static String python(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getenv("PYTHON")));
        command.addAll(List.of(words));
        Process started = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return told.readLine();
        }
    }

    static int database() throws IOException {
        return Integer.parseInt(python(System.getenv("SERVICES"), "postgres",
                "CREATE TABLE band (id int PRIMARY KEY, name text NOT NULL, grade int NOT NULL, pitch float8 NOT NULL)",
                "CREATE TABLE piper (id int PRIMARY KEY, band_id int NOT NULL REFERENCES band, name text NOT NULL)",
                "CREATE TABLE reed (id int PRIMARY KEY, band_id int NOT NULL REFERENCES band, piper_id int NOT NULL"
                        + " REFERENCES piper, pipe text NOT NULL, hertz float8, moisture float8, days_played int)",
                "INSERT INTO band SELECT i, 'Glen ' || chr(64 + i), i % 4, 474 + i % 9 FROM generate_series(1, 15) i",
                "INSERT INTO piper SELECT i, (i - 1) / 160 + 1, 'Piper ' || i FROM generate_series(1, 2400) i",
                "INSERT INTO reed SELECT i, (i - 1) / 320 + 1, (i - 1) / 2 + 1, (ARRAY['chanter', 'bass'])[i % 2 + 1],"
                        + " (ARRAY[478, 119.5])[i % 2 + 1] * (1 + i * 7919 % 97 / 12000.0),"
                        + " 0.14 + i * 31 % 113 / 1000.0, i * 53 % 131 FROM generate_series(1, 4800) i",
                "CREATE INDEX ON piper (band_id)", "CREATE INDEX ON reed (piper_id)",
                "CREATE INDEX ON reed (band_id)", "ANALYZE").trim());
    }

    /** So that no customer waits for pages of memory. */
    static void touchHeap() {
        byte[][] some = new byte[16][];
        for (int i = 0; i < 2000; i++) {
            some[i % some.length] = new byte[65_536];
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        touchHeap();
        Database database = new Database(pool(database()));
        Desk desk = new Desk(new TuningService(new BandRepository(database, new ReedRepository(database))));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/bands/", desk::handle);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        String bands = IntStream.rangeClosed(1, BANDS).mapToObj(i -> "/bands/" + i).collect(Collectors.joining(","));
        python(new File(System.getenv("SERVICES")).getParent() + "/clients.py", "http",
                "" + server.getAddress().getPort(), bands, "20", "4");
        Thread.sleep(4000); // the first ones wait for the compiler
        desk.served.reset();
        desk.spent.reset();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = desk.served.sumThenReset();
            System.err.printf("%d sheets, %.2f ms each%n", served, desk.spent.sumThenReset() / 1e6 / served);
        }
    }
}
