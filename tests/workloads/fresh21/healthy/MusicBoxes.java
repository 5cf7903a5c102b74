// bench: healthy build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// The workshop of a restorer of musical boxes: collectors look at a box (its tune, its wood, what was mended; three
// small queries on one connection of a pool) and at a shelf (one query), and note what teeth of the comb are lost.
// Tunes change seldom: they are kept, at most 64 of them, for half a minute. Notes are collected and written together,
// every 200 ms.
//
// Measured: CPU 3.4 % of a core, 120 requests a second in 1.4 ms each; 89.0 to 92.8 MiB in 11 s.
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class MusicBoxes {
    static final int BOXES = 5000;
    static final int SHELVES = 50;

    record Box(int id, int shelf, int tune, String wood) {}

    record Tune(String title, String maker, long until) {}

    record Note(int box, int teeth) {}

    /** The tunes that were asked for last. */
    static class TuneCache {
        private static final int MOST = 64;
        private static final long KEPT = TimeUnit.SECONDS.toNanos(30);
        private final Map<Integer, Tune> tunes = new LinkedHashMap<>(128, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Tune> eldest) {
                return size() > MOST;
            }
        };

        synchronized Tune get(int id) {
            Tune tune = tunes.get(id);
            return tune != null && tune.until() - System.nanoTime() > 0 ? tune : null;
        }

        synchronized Tune put(int id, String title, String maker) {
            Tune tune = new Tune(title, maker, System.nanoTime() + KEPT);
            tunes.put(id, tune);
            return tune;
        }
    }

    static class BoxRepository {
        private final HikariDataSource pool;
        private final TuneCache tunes = new TuneCache();

        BoxRepository(HikariDataSource pool) {
            this.pool = pool;
        }

        String page(int id) throws SQLException {
            try (Connection connection = pool.getConnection()) {
                Box box = box(connection, id);
                if (box == null) {
                    return null;
                }
                Tune tune = tunes.get(box.tune());
                if (tune == null) {
                    tune = tune(connection, box.tune());
                }
                return "{\"id\": " + id + ", \"shelf\": " + box.shelf() + ", \"wood\": \"" + box.wood()
                        + "\", \"tune\": \"" + tune.title() + "\", \"maker\": \"" + tune.maker()
                        + "\", \"repairs\": " + repairs(connection, id) + "}";
            }
        }

        private Box box(Connection connection, int id) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT shelf, tune, wood FROM box WHERE id = ?")) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    return found.next() ? new Box(id, found.getInt(1), found.getInt(2), found.getString(3)) : null;
                }
            }
        }

        private Tune tune(Connection connection, int id) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT title, maker FROM tune WHERE id = ?")) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    found.next();
                    return tunes.put(id, found.getString(1), found.getString(2));
                }
            }
        }

        private String repairs(Connection connection, int id) throws SQLException {
            StringBuilder text = new StringBuilder("[");
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT what, done FROM repair WHERE box = ? ORDER BY done DESC LIMIT 8")) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        text.append(text.length() > 1 ? ", " : "").append("{\"what\": \"").append(found.getString(1))
                                .append("\", \"done\": \"").append(found.getString(2)).append("\"}");
                    }
                }
            }
            return text.append(']').toString();
        }

        String shelf(int shelf) throws SQLException {
            StringBuilder text = new StringBuilder("[");
            try (Connection connection = pool.getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "SELECT g.id, s.title, g.lost FROM box g JOIN tune s ON s.id = g.tune"
                                    + " WHERE g.shelf = ? ORDER BY g.id LIMIT 40")) {
                statement.setInt(1, shelf);
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        text.append(text.length() > 1 ? ", " : "").append("{\"id\": ").append(found.getInt(1))
                                .append(", \"tune\": \"").append(found.getString(2)).append("\", \"lost\": ")
                                .append(found.getInt(3)).append('}');
                    }
                }
            }
            return text.append(']').toString();
        }

        void write(List<Note> notes) throws SQLException {
            try (Connection connection = pool.getConnection();
                    PreparedStatement statement = connection.prepareStatement("UPDATE box SET lost = n.lost"
                            + " FROM unnest(?::int[], ?::int[]) n (id, lost) WHERE box.id = n.id")) {
                statement.setArray(1, connection.createArrayOf("int", notes.stream().map(Note::box).toArray()));
                statement.setArray(2, connection.createArrayOf("int", notes.stream().map(Note::teeth).toArray()));
                statement.executeUpdate();
            }
        }
    }

    /** Writes the notes together; who comes while the book is full is told to come again. */
    static class NoteBook implements Runnable {
        private final BlockingQueue<Note> waiting = new ArrayBlockingQueue<>(500);
        private final BoxRepository boxes;

        NoteBook(BoxRepository boxes) {
            this.boxes = boxes;
        }

        boolean add(Note note) {
            return waiting.offer(note);
        }

        @Override
        public void run() {
            List<Note> notes = new ArrayList<>();
            waiting.drainTo(notes);
            if (notes.isEmpty()) {
                return;
            }
            try {
                boxes.write(notes);
            } catch (SQLException e) {
                System.err.println(notes.size() + " notes lost: " + e.getMessage());
            }
        }
    }

    static class WorkshopHandler {
        private final BoxRepository boxes;
        private final NoteBook book;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        WorkshopHandler(BoxRepository boxes, NoteBook book) {
            this.boxes = boxes;
            this.book = book;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/");
            try {
                int number = Integer.parseInt(parts[2]);
                if (parts[1].equals("shelves")) {
                    answer(exchange, 200, boxes.shelf(number));
                } else if (parts.length > 3) {
                    String query = exchange.getRequestURI().getQuery();
                    Note note = new Note(number, Integer.parseInt(query.substring(query.indexOf('=') + 1)));
                    boolean taken = book.add(note);
                    answer(exchange, taken ? 202 : 503, "{\"taken\": " + taken + "}");
                } else {
                    String page = boxes.page(number);
                    answer(exchange, page == null ? 404 : 200, page == null ? "{\"unknown\": " + number + "}" : page);
                }
            } catch (SQLException e) {
                answer(exchange, 503, "{\"error\": \"" + e.getSQLState() + "\"}");
            } catch (RuntimeException e) {
                answer(exchange, 400, "{\"error\": \"a number, please\"}");
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
                "CREATE TABLE tune (id int PRIMARY KEY, title text, maker text)",
                "CREATE TABLE box (id int PRIMARY KEY, shelf int, tune int, wood text, lost int DEFAULT 0)"
                        + " WITH (fillfactor = 60)",
                "CREATE TABLE repair (box int, done date, what text, PRIMARY KEY (box, done))",
                "INSERT INTO tune SELECT i, 'tune ' || i, 'maker ' || i % 17 FROM generate_series(0, 89) i",
                "INSERT INTO box SELECT i, i % 50, i * 13 % 90, (ARRAY['walnut', 'ebony', 'maple'])[1 + i % 3]"
                        + " FROM generate_series(1, 5000) i",
                "INSERT INTO repair SELECT i % 5000 + 1, date '2020-01-01' + i / 5000 * 90, 'damper ' || i % 7"
                        + " FROM generate_series(0, 29999) i",
                "CREATE INDEX box_of_shelf ON box (shelf, id)", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** The collectors, in a process of their own. */
    static void collectors(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int box = 1; box <= BOXES; box += 37) {
            paths.add("/boxes/" + box);
            if (box % 6 == 0) {
                paths.add("/boxes/" + box + "/lost?teeth=" + box % 40);
                paths.add("/shelves/" + box % SHELVES);
            }
        }
        String clients = System.getenv("SERVICES").replace("services.py", "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "120", "8")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    static volatile byte[] touched;

    /** Walks once through the young part of the heap, so that it does not seem to grow later. */
    static void settle() {
        for (int i = 0; i < 1000; i++) {
            touched = new byte[1 << 16];
        }
    }

    public static void main(String[] args) throws Exception {
        settle();
        System.setProperty("sun.net.httpserver.nodelay", "true");
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + database() + "/postgres");
        config.setUsername("postgres");
        config.setMaximumPoolSize(8);
        BoxRepository boxes = new BoxRepository(new HikariDataSource(config));
        NoteBook book = new NoteBook(boxes);
        Executors.newSingleThreadScheduledExecutor().scheduleWithFixedDelay(book, 200, 200, TimeUnit.MILLISECONDS);
        WorkshopHandler handler = new WorkshopHandler(boxes, book);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/", handler::handle);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        collectors(server.getAddress().getPort());
        Thread.sleep(4000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = handler.served.sum();
            System.err.printf("%d served, %.2f ms each%n", served, handler.spent.sum() / 1e6 / served);
        }
    }
}
