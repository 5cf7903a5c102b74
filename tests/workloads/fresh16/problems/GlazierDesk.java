// expect: pattern=repeated-query bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Writes condition statements of stained-glass windows for cathedral glaziers: the desk takes the windows in turn from
// the restoration plan, loads the window, its panels and the panels' listed pieces through DAOs, and sums up what is
// cracked, what has lost its paint, and how much lead came is needed. (Tablets write to the pieces in the meantime.)
//
// Measured: a statement takes 10.5 ms, in the twin 1.6 ms; both write 16.6 statements a second.
// CPU 2.3 s in 25 s, in the twin 0.8 s (most of that is the start).
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class GlazierDesk {
    static final int WINDOWS = 40;

    record Window(int id, String church, int bay) {}

    record Panel(int id, String light, int row) {}

    record Piece(int id, String colour, boolean cracked, double paintLeft, double edge) {}

    record Statement(Window window, int panels, int pieces, int cracked, int repaint, double lead) {}

    interface Row<T> {
        T read(ResultSet found) throws SQLException;
    }

    /** What the DAOs have in common: a connection from the pool for each call, and rows read into records. */
    abstract static class Dao {
        private final DataSource source;

        Dao(DataSource source) {
            this.source = source;
        }

        <T> List<T> list(String sql, int key, Row<T> row) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setInt(1, key);
                List<T> all = new ArrayList<>();
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        all.add(row.read(found));
                    }
                }
                return all;
            }
        }
    }

    static class WindowDao extends Dao {
        WindowDao(DataSource source) {
            super(source);
        }

        Window find(int id) throws SQLException {
            return list("SELECT id, church, bay FROM lancet WHERE id = ?", id,
                    r -> new Window(r.getInt(1), r.getString(2), r.getInt(3))).get(0);
        }
    }

    static class PanelDao extends Dao {
        PanelDao(DataSource source) {
            super(source);
        }

        List<Panel> ofWindow(int window) throws SQLException {
            return list("SELECT id, light, tier FROM panel WHERE lancet_id = ? ORDER BY light, tier", window,
                    r -> new Panel(r.getInt(1), r.getString(2), r.getInt(3)));
        }
    }

    static class PieceDao extends Dao {
        PieceDao(DataSource source) {
            super(source);
        }

        List<Piece> ofPanel(int panel) throws SQLException {
            return list("SELECT id, colour, cracked, paint_left, edge FROM piece WHERE panel_id = ?", panel, // <- cost
                    r -> new Piece(r.getInt(1), r.getString(2), r.getBoolean(3), r.getDouble(4), r.getDouble(5)));
        }
    }

    /** Adds up the pieces of one window. */
    static class Tally {
        int pieces;
        int cracked;
        int repaint;
        double edges;

        void add(Piece piece) {
            pieces++;
            if (piece.cracked()) {
                cracked++;
            }
            if (piece.paintLeft() < 0.35) {
                repaint++;
            }
            edges += piece.edge();
        }
    }

    static class ConditionService {
        private final WindowDao windows;
        private final PanelDao panels;
        private final PieceDao pieces;

        ConditionService(DataSource source) {
            windows = new WindowDao(source);
            panels = new PanelDao(source);
            pieces = new PieceDao(source);
        }

        Statement stateOf(int id) throws SQLException {
            Window window = windows.find(id);
            List<Panel> all = panels.ofWindow(id);
            Tally tally = new Tally();
            for (Panel panel : all) {
                examine(panel, tally);
            }
            return new Statement(window, all.size(), tally.pieces, tally.cracked, tally.repaint, tally.edges / 2);
        }

        private void examine(Panel panel, Tally tally) throws SQLException {
            pieces.ofPanel(panel.id()).forEach(tally::add); // <- cost
        }
    }

    static HikariDataSource pool(int port) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + port + "/postgres");
        config.setUsername("postgres");
        config.setMaximumPoolSize(3);
        config.setPoolName("glaziers");
        return new HikariDataSource(config);
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE lancet (id int PRIMARY KEY, church text NOT NULL, bay int NOT NULL)",
                "CREATE TABLE panel (id int PRIMARY KEY, lancet_id int REFERENCES lancet, light text, tier int)",
                "CREATE TABLE piece (id int PRIMARY KEY, lancet_id int NOT NULL REFERENCES lancet,"
                        + " panel_id int NOT NULL REFERENCES panel, colour text, cracked boolean,"
                        + " paint_left float8, edge float8)",
                "INSERT INTO lancet SELECT i, 'St ' || chr(65 + i % 20), i % 9 FROM generate_series(1, 40) i",
                "INSERT INTO panel SELECT i, (i - 1) / 240 + 1, chr(97 + i % 4), i % 240 / 4"
                        + " FROM generate_series(1, 9600) i",
                "INSERT INTO piece SELECT i, (i - 1) / 480 + 1, (i - 1) / 2 + 1, 'flashed ruby', i % 17 = 0,"
                        + " i * 37 % 100 / 100.0, 20 + i % 30 FROM generate_series(1, 19200) i",
                "CREATE INDEX ON panel (lancet_id)", "CREATE INDEX ON piece (panel_id)",
                "CREATE INDEX ON piece (lancet_id)", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    public static void main(String[] args) throws Exception {
        ConditionService service = new ConditionService(pool(database()));
        Map<Integer, Statement> latest = new ConcurrentHashMap<>();
        AtomicInteger turn = new AtomicInteger();
        LongAdder done = new LongAdder();
        LongAdder spent = new LongAdder();
        ScheduledExecutorService glaziers = Executors.newScheduledThreadPool(3);
        Runnable plan = () -> {
            int id = turn.getAndIncrement() % WINDOWS + 1;
            long began = System.nanoTime();
            try {
                latest.put(id, service.stateOf(id));
                done.increment();
                spent.add(System.nanoTime() - began);
            } catch (SQLException e) {
                System.err.println("window " + id + ": " + e.getMessage());
            }
        };
        for (int bench = 0; bench < 3; bench++) {
            glaziers.scheduleAtFixedRate(plan, 100 + bench * 60, 180, TimeUnit.MILLISECONDS);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            double lead = latest.values().stream().mapToDouble(Statement::lead).sum();
            System.err.printf("%d statements, %.1f ms each, lead %.0f cm%n", done.sum(),
                    spent.sum() / 1e6 / done.sum(), lead);
        }
    }
}
