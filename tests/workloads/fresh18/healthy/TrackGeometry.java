// bench: healthy build: postgresql.jar HikariCP.jar slf4j-api.jar
// A measuring train: gauge, cant and twist of the track, 10000 samples a second, go to PostgreSQL in batches of 1000
// rows, a transaction each; a summary of the last kilometres is made every second, and old samples are dropped.
// Measured: 10000 rows a second for 2 % of a core here.
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
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

public class TrackGeometry {
    static final int BATCH = 1000;
    static final int KEPT = 60_000;

    /** Samples of one stretch, a column each. */
    static final class Stretch {
        final long first;
        final double[] gauge = new double[BATCH];
        final double[] cant = new double[BATCH];
        final double[] twist = new double[BATCH];

        Stretch(long first) {
            this.first = first;
        }
    }

    private final HikariDataSource source;
    private final BlockingQueue<Stretch> stretches = new ArrayBlockingQueue<>(16);
    private final AtomicLong written = new AtomicLong();
    private volatile String lastSummary = "";

    TrackGeometry(HikariDataSource source) {
        this.source = source;
    }

    /** The sensor bus: delivers what the last tenth of a second has measured. */
    void measure() {
        SplittableRandom random = new SplittableRandom(77);
        long position = 0;
        long due = System.nanoTime();
        try {
            while (true) {
                Stretch stretch = new Stretch(position);
                for (int i = 0; i < BATCH; i++) {
                    stretch.gauge[i] = 1435 + random.nextDouble() * 6 - 2;
                    stretch.cant[i] = 80 + 30 * Math.sin(position * 1e-4) + random.nextDouble();
                    stretch.twist[i] = random.nextDouble() * 3;
                    position++;
                }
                stretches.put(stretch);
                due += 100_000_000L;
                TimeUnit.NANOSECONDS.sleep(Math.max(0, due - System.nanoTime()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void write() {
        try {
            while (true) {
                store(stretches.take());
                written.addAndGet(BATCH);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void store(Stretch stretch) throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO samples (position, gauge, cant, twist) VALUES (?, ?, ?, ?)")) {
                for (int i = 0; i < BATCH; i++) {
                    insert.setLong(1, stretch.first + i);
                    insert.setDouble(2, stretch.gauge[i]);
                    insert.setDouble(3, stretch.cant[i]);
                    insert.setDouble(4, stretch.twist[i]);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            connection.commit();
        }
    }

    void summarise() {
        try (Connection connection = source.getConnection()) {
            long last = written.get();
            try (PreparedStatement select = connection.prepareStatement(
                    "SELECT count(*), min(gauge), max(gauge), avg(cant), max(twist) FROM samples WHERE position >= ?")) {
                select.setLong(1, last - 8000);
                try (ResultSet row = select.executeQuery()) {
                    row.next();
                    lastSummary = String.format("%d samples, gauge %.1f to %.1f mm, cant %.1f mm, twist %.1f mm",
                            row.getLong(1), row.getDouble(2), row.getDouble(3), row.getDouble(4), row.getDouble(5));
                }
            }
            try (PreparedStatement drop = connection.prepareStatement("DELETE FROM samples WHERE position < ?")) {
                drop.setLong(1, last - KEPT);
                drop.executeUpdate();
            }
        } catch (SQLException e) {
            lastSummary = e.getMessage();
        }
    }

    static int database() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE samples (position bigint PRIMARY KEY, gauge float8, cant float8, twist float8)"));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            int port = Integer.parseInt(said.readLine().trim());
            process.waitFor();
            return port;
        }
    }

    public static void main(String[] args) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + database() + "/postgres?reWriteBatchedInserts=true");
        config.setUsername("postgres");
        config.setMaximumPoolSize(4);
        TrackGeometry train = new TrackGeometry(new HikariDataSource(config));
        for (int n = 0; n < 2; n++) {
            new Thread(train::write, "writer-" + n).start();
        }
        new Thread(train::measure, "sensor-bus").start();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        timer.scheduleAtFixedRate(train::summarise, 1, 1, TimeUnit.SECONDS);
        Thread.sleep(12_000);
        System.out.println("ready");
        System.out.flush();
        while (true) {
            long before = train.written.get();
            Thread.sleep(4000);
            System.err.printf("%d rows a second; %s%n", (train.written.get() - before) / 4, train.lastSummary);
        }
    }
}
