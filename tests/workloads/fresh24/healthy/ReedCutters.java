// bench: healthy build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Settles the harvest of thatching reed: the cutters' boats book their bundles in PostgreSQL as they come ashore; twice a
// second the settlement takes what has come (a batch at a time, nobody else's), grades it by length, moisture and
// beetle damage, adds it to the accounts of the cutters in one statement for all, and writes the day's sheet anew.
//
// Measured: 1 % of a core, 2 rounds and 1500 bundles a second.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

public class ReedCutters {
    static final int BATCH = 500;
    static final int CUTTERS = 40;
    static final long ROUND = TimeUnit.MILLISECONDS.toNanos(500);

    enum Grade {
        RIDGE(3.4), ROOF(2.6), FENCE(1.1), MULCH(0.2);

        final double pays;

        Grade(double pays) {
            this.pays = pays;
        }
    }

    record Bundle(long id, int cutter, int centimetres, double moisture, int beetles) {
        Grade grade() {
            if (moisture > 22 || beetles > 30) {
                return Grade.MULCH;
            }
            if (centimetres > 180 && beetles < 5) {
                return Grade.RIDGE;
            }
            return centimetres > 120 ? Grade.ROOF : Grade.FENCE;
        }
    }

    static class Account {
        final int[] bundles = new int[Grade.values().length];
        double owed;

        void add(Grade grade) {
            bundles[grade.ordinal()]++;
            owed += grade.pays;
        }
    }

    static class HarvestStore {
        private final DataSource source;

        HarvestStore(DataSource source) {
            this.source = source;
        }

        /** Settles one batch in one transaction; how many bundles it had. */
        int settle(Map<Integer, Account> sheet) throws SQLException {
            try (Connection connection = source.getConnection()) {
                connection.setAutoCommit(false);
                try {
                    List<Bundle> bundles = take(connection);
                    if (!bundles.isEmpty()) {
                        credit(connection, tally(bundles, sheet));
                    }
                    connection.commit();
                    return bundles.size();
                } catch (SQLException e) {
                    connection.rollback();
                    throw e;
                }
            }
        }

        private List<Bundle> take(Connection connection) throws SQLException {
            List<Bundle> bundles = new ArrayList<>(BATCH);
            try (PreparedStatement statement = connection.prepareStatement("DELETE FROM landed WHERE id IN"
                    + " (SELECT id FROM landed ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)"
                    + " RETURNING id, cutter, centimetres, moisture, beetles")) {
                statement.setInt(1, BATCH);
                try (ResultSet taken = statement.executeQuery()) {
                    while (taken.next()) {
                        bundles.add(new Bundle(taken.getLong(1), taken.getInt(2), taken.getInt(3), taken.getDouble(4),
                                taken.getInt(5)));
                    }
                }
            }
            return bundles;
        }

        private Map<Integer, Double> tally(List<Bundle> bundles, Map<Integer, Account> sheet) {
            Map<Integer, Double> owed = new TreeMap<>();
            for (Bundle bundle : bundles) {
                Grade grade = bundle.grade();
                sheet.computeIfAbsent(bundle.cutter(), cutter -> new Account()).add(grade);
                owed.merge(bundle.cutter(), grade.pays, Double::sum);
            }
            return owed;
        }

        private void credit(Connection connection, Map<Integer, Double> owed) throws SQLException {
            Array cutters = connection.createArrayOf("int4", owed.keySet().toArray());
            Array sums = connection.createArrayOf("float8", owed.values().toArray());
            try (PreparedStatement statement = connection.prepareStatement("UPDATE account SET owed = owed + credit.sum"
                    + " FROM unnest(?, ?) AS credit(cutter, sum) WHERE account.cutter = credit.cutter")) {
                statement.setArray(1, cutters);
                statement.setArray(2, sums);
                statement.executeUpdate();
            } finally {
                cutters.free();
                sums.free();
            }
        }

        double owed() throws SQLException {
            try (Connection connection = source.getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet sum = statement.executeQuery("SELECT sum(owed) FROM account")) {
                sum.next();
                return sum.getDouble(1);
            }
        }
    }

    /** The sheet on the door of the reed barn: one line for each cutter. */
    static class DaySheet {
        private final Path file = Path.of("sheet.csv");
        private final Path draft = Path.of("sheet.csv.new");

        void write(Map<Integer, Account> sheet) throws IOException {
            try (BufferedWriter out = Files.newBufferedWriter(draft)) {
                for (Map.Entry<Integer, Account> line : sheet.entrySet()) {
                    out.write("cutter " + line.getKey());
                    for (int bundles : line.getValue().bundles) {
                        out.write(';');
                        out.write(Integer.toString(bundles));
                    }
                    out.write(";" + Math.round(line.getValue().owed * 100) / 100.0);
                    out.newLine();
                }
            }
            Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    static class Settlement {
        private final HarvestStore store;
        private final DaySheet door = new DaySheet();
        private final Map<Integer, Account> sheet = new TreeMap<>();
        private long settled;
        private int rounds;

        Settlement(HarvestStore store) {
            this.store = store;
        }

        void round() {
            rounds++;
            try {
                int taken;
                do {
                    taken = store.settle(sheet);
                    settled += taken;
                } while (taken == BATCH);
                door.write(sheet);
                if (rounds % 20 == 0) {
                    System.err.printf("%d bundles in %d rounds, %.2f owed%n", settled, rounds, store.owed());
                }
            } catch (SQLException | IOException e) {
                System.err.println("round " + rounds + ": " + e.getMessage());
            }
        }
    }

    /** The boats, in a process of their own. */
    private static final String BOATS = """
            import os, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services

            def land():
                import pg8000.native
                line = pg8000.native.Connection("postgres", host="127.0.0.1", port=int(sys.argv[1]))
                due = time.monotonic()
                while True:
                    line.run("INSERT INTO landed (cutter, centimetres, moisture, beetles) SELECT 1 + random() * 39,"
                             " 80 + random() * 140, 10 + random() * 14, random() * 34 FROM generate_series(1, 150)")
                    due += 0.1
                    time.sleep(max(0.0, due - time.monotonic()))

            services.outside(land)
            """;

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE landed (id bigserial PRIMARY KEY, cutter int NOT NULL, centimetres int NOT NULL,"
                        + " moisture float8 NOT NULL, beetles int NOT NULL)",
                "CREATE TABLE account (cutter int PRIMARY KEY, owed float8 NOT NULL)",
                "INSERT INTO account SELECT i, 0 FROM generate_series(1, " + CUTTERS + ") i")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    public static void main(String[] args) throws Exception {
        int port = database();
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
        config.setUsername("postgres");
        config.setMaximumPoolSize(2);
        Settlement settlement = new Settlement(new HarvestStore(new HikariDataSource(config)));
        new ProcessBuilder(System.getenv("PYTHON"), "-c", BOATS, "" + port)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
        long due = System.nanoTime();
        for (int round = 0; true; round++) {
            settlement.round();
            if (round == 5) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            due = Math.max(due + ROUND, System.nanoTime());
            TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
        }
    }
}
