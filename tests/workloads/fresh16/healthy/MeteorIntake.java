// expect: healthy bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Takes in what the all-sky cameras of a meteor network saw: each of six stations spools its detections as CSV,
// and the importer parses it, corrects it with the plate constants of the station, and writes it to PostgreSQL: rows in
// batches that the driver sends as multi-row INSERTs, one transaction for each file; stretches long published go.
//
// Measured: 3.3 files of 400 rows a second; CPU 0.8 s in 22 s, most of it the start.
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class MeteorIntake {
    static final int STATIONS = 6;
    static final int ROWS = 400;
    static final int BATCH = 200;
    static final int NIGHTS_KEPT = 64; // stretches; older ones are in the catalogue already

    record Detection(int frame, double azimuth, double altitude, double magnitude) {}

    record Plate(double twist, double tilt, double zero) {
        Detection correct(Detection seen) {
            double azimuth = (seen.azimuth() + twist + 360) % 360;
            double altitude = seen.altitude() + tilt * Math.cos(Math.toRadians(azimuth));
            return new Detection(seen.frame(), azimuth, altitude, seen.magnitude() + zero);
        }
    }

    record Spooled(int station, int night, Path file) {}

    /** A camera station: spools its detections, and says so. */
    static class Camera implements Runnable {
        private final int station;
        private final AtomicInteger night;
        private final BlockingQueue<Spooled> spool;

        Camera(int station, AtomicInteger night, BlockingQueue<Spooled> spool) {
            this.station = station;
            this.night = night;
            this.spool = spool;
        }

        @Override
        public void run() {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            int stretch = night.getAndIncrement();
            Path file = Path.of("station-" + station + "-" + stretch + ".csv");
            try (BufferedWriter out = Files.newBufferedWriter(file)) {
                for (int row = 0; row < ROWS; row++) {
                    out.write(row * 3 + "," + random.nextInt(36_000) / 100.0 + ","
                            + random.nextInt(9_000) / 100.0 + "," + random.nextInt(-40, 30) / 10.0);
                    out.newLine();
                }
            } catch (IOException e) {
                System.err.println(file + ": " + e);
                return;
            }
            if (!spool.offer(new Spooled(station, stretch, file))) {
                System.err.println(file + ": the importer is behind");
            }
        }
    }

    static class DetectionStore {
        private final DataSource source;

        DetectionStore(DataSource source) {
            this.source = source;
        }

        Map<Integer, Plate> plates() throws SQLException {
            Map<Integer, Plate> plates = new HashMap<>();
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "SELECT station, twist, tilt, zero FROM plate");
                    ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    plates.put(found.getInt(1), new Plate(found.getDouble(2), found.getDouble(3), found.getDouble(4)));
                }
            }
            return plates;
        }

        void write(Spooled spooled, List<Detection> detections) throws SQLException {
            try (Connection connection = source.getConnection()) {
                connection.setAutoCommit(false);
                try {
                    insert(connection, spooled, detections);
                    forget(connection, spooled.night() - NIGHTS_KEPT);
                    connection.commit();
                } catch (SQLException e) {
                    connection.rollback();
                    throw e;
                }
            }
        }

        private void insert(Connection connection, Spooled spooled, List<Detection> all) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO detection"
                    + " (night, station, frame, azimuth, altitude, magnitude) VALUES (?, ?, ?, ?, ?, ?)")) {
                int waiting = 0;
                for (Detection detection : all) {
                    statement.setInt(1, spooled.night());
                    statement.setInt(2, spooled.station());
                    statement.setInt(3, detection.frame());
                    statement.setDouble(4, detection.azimuth());
                    statement.setDouble(5, detection.altitude());
                    statement.setDouble(6, detection.magnitude());
                    statement.addBatch();
                    if (++waiting == BATCH) {
                        statement.executeBatch();
                        waiting = 0;
                    }
                }
                statement.executeBatch();
            }
        }

        private void forget(Connection connection, int night) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement("DELETE FROM detection WHERE night <= ?")) {
                statement.setInt(1, night);
                statement.executeUpdate();
            }
        }
    }

    static class Importer {
        private final DetectionStore store;
        private final Map<Integer, Plate> plates;
        private final LongAdder files = new LongAdder();
        private final LongAdder rows = new LongAdder();

        Importer(DetectionStore store) throws SQLException {
            this.store = store;
            this.plates = store.plates();
        }

        void take(Spooled spooled) throws IOException, SQLException {
            Plate plate = plates.get(spooled.station());
            List<Detection> detections = new ArrayList<>(ROWS);
            try (BufferedReader in = Files.newBufferedReader(spooled.file())) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    detections.add(plate.correct(parse(line)));
                }
            }
            store.write(spooled, detections);
            Files.delete(spooled.file());
            files.increment();
            rows.add(detections.size());
        }

        private static Detection parse(String line) {
            int a = line.indexOf(',');
            int b = line.indexOf(',', a + 1);
            int c = line.indexOf(',', b + 1);
            return new Detection(Integer.parseInt(line.substring(0, a)), Double.parseDouble(line.substring(a + 1, b)),
                    Double.parseDouble(line.substring(b + 1, c)), Double.parseDouble(line.substring(c + 1)));
        }
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE plate (station int PRIMARY KEY, twist float8, tilt float8, zero float8)",
                "INSERT INTO plate SELECT i, i * 0.7, i * 0.1, -0.2 FROM generate_series(0, 5) i",
                "CREATE TABLE detection (night int, station int, frame int, azimuth float8, altitude float8,"
                        + " magnitude float8, PRIMARY KEY (night, station, frame))")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    public static void main(String[] args) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + database() + "/postgres?reWriteBatchedInserts=true");
        config.setUsername("postgres");
        config.setMaximumPoolSize(2);
        Importer importer = new Importer(new DetectionStore(new HikariDataSource(config)));
        BlockingQueue<Spooled> spool = new ArrayBlockingQueue<>(50);
        AtomicInteger night = new AtomicInteger();
        ScheduledExecutorService cameras = Executors.newScheduledThreadPool(2);
        for (int station = 0; station < STATIONS; station++) {
            cameras.scheduleAtFixedRate(new Camera(station, night, spool), 300 * station, 1800, TimeUnit.MILLISECONDS);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Spooled spooled = spool.take();
            try {
                importer.take(spooled);
            } catch (IOException | SQLException e) {
                System.err.println(spooled.file() + ": " + e.getMessage());
            }
            if (importer.files.sum() % 40 == 0) {
                System.err.printf("%d files, %d rows%n", importer.files.sum(), importer.rows.sum());
            }
        }
    }
}
