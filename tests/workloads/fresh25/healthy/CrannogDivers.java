// bench: healthy build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Finds from crannogs, the lake dwellings: divers' tablets post what they lift, it is written together twice a second;
// museums ask over HTTP for the finds of a crannog's trench, with their layers, makers' marks and conservators.
// (A pool with a connection for each handler, one joined query for a list, a cache with an end behind a short lock,
// packing for those who take it, a pause between the rounds of the writer.)
//
// Measured: 106 requests a second, 0.6 ms each, 16 finds written a second; 3 % of a core.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.GZIPOutputStream;
import javax.sql.DataSource;

public class CrannogDivers {
    static final int CRANNOGS = 12;
    static final int TRENCHES = 10; // in each
    static final int HANDLERS = 6;
    static final int CACHED = 64;

    record Find(int number, String what, int depth, String layer, String conservator) {}

    record Lifted(int crannog, int trench, String what, int depth) {}

    static class FindRepository {
        private static final String OF_TRENCH = "SELECT f.id, f.what, f.depth, l.name, c.name FROM find f"
                + " JOIN layer l ON f.depth >= l.top AND f.depth < l.bottom JOIN conservator c ON c.id = f.id % 7"
                + " WHERE f.crannog = ? AND f.trench = ? ORDER BY f.id DESC LIMIT 40";
        private final DataSource source;

        FindRepository(DataSource source) {
            this.source = source;
        }

        List<Find> ofTrench(int crannog, int trench) throws SQLException {
            List<Find> finds = new ArrayList<>(40);
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(OF_TRENCH)) {
                statement.setInt(1, crannog);
                statement.setInt(2, trench);
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        finds.add(new Find(row.getInt(1), row.getString(2), row.getInt(3), row.getString(4),
                                row.getString(5)));
                    }
                }
            }
            return finds;
        }

        void add(List<Lifted> lifted) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "INSERT INTO find (crannog, trench, what, depth) VALUES (?, ?, ?, ?)")) {
                connection.setAutoCommit(false);
                for (Lifted one : lifted) {
                    statement.setInt(1, one.crannog());
                    statement.setInt(2, one.trench());
                    statement.setString(3, one.what());
                    statement.setInt(4, one.depth());
                    statement.addBatch();
                }
                statement.executeBatch();
                connection.commit();
            }
        }
    }

    /** The trenches that were asked for of late; the one that was not asked for longest goes. */
    static class SheetCache {
        private final Map<String, byte[]> sheets = new LinkedHashMap<>(CACHED * 2, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
                return size() > CACHED;
            }
        };

        synchronized byte[] get(String key) {
            return sheets.get(key);
        }

        synchronized void put(String key, byte[] sheet) {
            sheets.put(key, sheet);
        }

        synchronized void forget(List<Lifted> lifted) {
            for (Lifted one : lifted) {
                sheets.remove(one.crannog() + "/" + one.trench());
            }
        }
    }

    /** Finds on their way to the database: a few at once, twice a second. */
    static class Logbook implements Runnable {
        private final BlockingQueue<Lifted> lifted = new ArrayBlockingQueue<>(500);
        private final FindRepository finds;
        private final SheetCache cache;
        final LongAdder written = new LongAdder();

        Logbook(FindRepository finds, SheetCache cache) {
            this.finds = finds;
            this.cache = cache;
        }

        boolean take(Lifted one) {
            return lifted.offer(one);
        }

        @Override
        public void run() {
            List<Lifted> batch = new ArrayList<>();
            lifted.drainTo(batch, 200);
            if (batch.isEmpty()) {
                return;
            }
            try {
                finds.add(batch);
                cache.forget(batch);
                written.add(batch.size());
            } catch (SQLException e) {
                System.err.println("logbook: " + e.getMessage());
            }
        }
    }

    static class FindResource {
        private final FindRepository finds;
        private final SheetCache cache;
        private final Logbook logbook;
        final LongAdder served = new LongAdder();
        final LongAdder spent = new LongAdder();

        FindResource(FindRepository finds, SheetCache cache, Logbook logbook) {
            this.finds = finds;
            this.cache = cache;
            this.logbook = logbook;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String key = exchange.getRequestURI().getPath().substring("/finds/".length());
            try {
                int slash = key.indexOf('/');
                int crannog = Integer.parseInt(key, 0, slash, 10);
                int trench = Integer.parseInt(key, slash + 1, key.length(), 10);
                if (exchange.getRequestMethod().equals("POST")) {
                    String what = new String(exchange.getRequestBody().readNBytes(200), StandardCharsets.UTF_8);
                    boolean taken = logbook.take(new Lifted(crannog, trench, what, 40 + what.length() * 7 % 300));
                    exchange.sendResponseHeaders(taken ? 202 : 503, -1);
                } else {
                    exchange.getResponseHeaders().set("Content-Encoding", "gzip");
                    answer(exchange, sheet(key, crannog, trench));
                }
            } catch (NumberFormatException | IndexOutOfBoundsException e) {
                exchange.sendResponseHeaders(404, -1);
            } catch (SQLException e) {
                exchange.sendResponseHeaders(503, -1);
            }
            exchange.close();
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        /** So that the first museums do not wait for the compiler. */
        long warmUp() throws SQLException, IOException {
            List<Find> some = finds.ofTrench(0, 0);
            long bytes = 0;
            for (int round = 0; round < 3000; round++) {
                bytes += packed(text(some)).length;
            }
            return bytes;
        }

        private byte[] sheet(String key, int crannog, int trench) throws SQLException, IOException {
            byte[] known = cache.get(key);
            if (known != null) {
                return known;
            }
            byte[] made = packed(text(finds.ofTrench(crannog, trench)));
            cache.put(key, made);
            return made;
        }

        private static String text(List<Find> finds) {
            StringBuilder text = new StringBuilder(finds.size() * 60);
            for (Find find : finds) {
                text.append(find.number()).append('\t').append(find.what()).append('\t').append(find.depth());
                text.append('\t').append(find.layer()).append('\t').append(find.conservator()).append('\n');
            }
            return text.toString();
        }

        private static byte[] packed(String text) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
            try (OutputStream out = new GZIPOutputStream(bytes)) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            }
            return bytes.toByteArray();
        }

        private static void answer(HttpExchange exchange, byte[] body) throws IOException {
            exchange.getResponseHeaders().set("Content-Type", "text/tab-separated-values; charset=utf-8");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    static int database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE layer (name text, top int, bottom int)",
                "CREATE TABLE conservator (id int PRIMARY KEY, name text)",
                "CREATE TABLE find (id serial PRIMARY KEY, crannog int, trench int, what text, depth int)",
                "CREATE INDEX find_of_trench ON find (crannog, trench, id DESC)",
                "INSERT INTO layer SELECT 'layer ' || i, i * 60, i * 60 + 60 FROM generate_series(0, 9) i",
                "INSERT INTO conservator SELECT i, 'conservator ' || i FROM generate_series(0, 6) i",
                "INSERT INTO find (crannog, trench, what, depth) SELECT i % " + CRANNOGS + ", i / " + CRANNOGS + " % "
                        + TRENCHES + ", 'oak pile ' || i, i * 37 % 590 FROM generate_series(1, 18000) i", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** Museums and divers' tablets, in processes of their own. */
    static void askers(int port) throws IOException, InterruptedException {
        StringJoiner paths = new StringJoiner(",");
        for (int n = 0; n < CRANNOGS * TRENCHES; n++) {
            paths.add("/finds/" + n / TRENCHES + "/" + n % TRENCHES);
        }
        String script = String.join("\n", "import os, sys",
                "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))", "import clients, services",
                "port, paths = int(sys.argv[1]), sys.argv[2].split(',')",
                "services.outside(lambda: clients.come(port, [*paths, '/finds/nowhere'], 90, 6))",
                "services.outside(lambda: clients.come(port, paths, 16, 2, body=b'a comb of yew, two teeth gone'))");
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, "" + paths)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + database() + "/postgres");
        config.setUsername("postgres");
        config.setMaximumPoolSize(HANDLERS + 1); // one for each handler, one for the logbook
        FindRepository finds = new FindRepository(new HikariDataSource(config));
        SheetCache cache = new SheetCache();
        Logbook logbook = new Logbook(finds, cache);
        Executors.newSingleThreadScheduledExecutor().scheduleWithFixedDelay(logbook, 500, 500, TimeUnit.MILLISECONDS);
        FindResource resource = new FindResource(finds, cache, logbook);
        if (resource.warmUp() == 0) {
            throw new IllegalStateException("no finds");
        }
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/finds/", resource::handle);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        askers(server.getAddress().getPort());
        while (resource.served.sum() < 1000) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            TimeUnit.SECONDS.sleep(10);
            long served = resource.served.sum();
            System.err.printf("%d served, %.2f ms each, %d finds written%n", served,
                    resource.spent.sum() / 1e6 / served, logbook.written.sum());
        }
    }
}
