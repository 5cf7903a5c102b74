// expect: pattern=connection-per-request bench build: postgresql.jar
// The register of a trust's topiary gardens: gardeners in the beds ask for a figure by its number (what it shows, the
// yew or box it is cut from, its last clippings), note a clipping, and the office reads which beds are behind.
//
// Measured: a request takes 9.2 ms, in the twin 1.1 ms, at 45 requests a second; CPU 7.5 % of a core and 3.2 %, and
// PostgreSQL starts 45 processes a second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class TopiaryRegister {
    static final int FIGURES = 600;
    static final int HANDLERS = 6;

    record Clipping(String gardener, int day, int litres) {}

    record Figure(int id, String shape, String shrub, int centimetres, String bed) {}

    record Card(Figure figure, List<Clipping> clippings) {}

    record Bed(String name, int figures, int behind) {}

    interface Work<T> {
        T with(Connection connection) throws SQLException;
    }

    /** Where the parts of the register get their connections, and how they use them. */
    static class Database {
        private final String url;
        private final Properties options = new Properties();

        Database(int port) {
            url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
            options.setProperty("user", "postgres");
            options.setProperty("ApplicationName", "topiary");
            options.setProperty("connectTimeout", "5");
            options.setProperty("socketTimeout", "20");
        }

        private Connection open() throws SQLException {
            return DriverManager.getConnection(url, options); // <- cost
        }

        <T> T read(Work<T> work) throws SQLException {
            try (Connection connection = open()) { // <- cost
                return work.with(connection);
            }
        }

        <T> T change(Work<T> work) throws SQLException {
            try (Connection connection = open()) { // <- cost
                connection.setAutoCommit(false);
                try {
                    T made = work.with(connection);
                    connection.commit();
                    return made;
                } catch (SQLException | RuntimeException e) {
                    connection.rollback();
                    throw e;
                } finally {
                    connection.setAutoCommit(true);
                }
            }
        }
    }

    static class FigureDao {
        private static final String FIND = "SELECT f.id, f.shape, f.shrub, f.centimetres, b.name FROM figure f"
                + " JOIN bed b ON b.id = f.bed_id WHERE f.id = ?";
        private static final String CLIPPINGS = "SELECT gardener, day, litres FROM clipping WHERE figure_id = ?"
                + " ORDER BY day DESC LIMIT 6";

        Optional<Card> card(Connection connection, int id) throws SQLException {
            Optional<Figure> figure = figure(connection, id);
            if (figure.isEmpty()) {
                return Optional.empty();
            }
            List<Clipping> clippings = new ArrayList<>(6);
            try (PreparedStatement statement = connection.prepareStatement(CLIPPINGS)) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        clippings.add(new Clipping(found.getString(1), found.getInt(2), found.getInt(3)));
                    }
                }
            }
            return Optional.of(new Card(figure.get(), clippings));
        }

        private Optional<Figure> figure(Connection connection, int id) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(FIND)) {
                statement.setInt(1, id);
                try (ResultSet found = statement.executeQuery()) {
                    return found.next()
                            ? Optional.of(new Figure(found.getInt(1), found.getString(2), found.getString(3),
                                    found.getInt(4), found.getString(5)))
                            : Optional.empty();
                }
            }
        }

        int clip(Connection connection, int id, Clipping clipping) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(
                    "INSERT INTO clipping (figure_id, gardener, day, litres) VALUES (?, ?, ?, ?)"
                            + " ON CONFLICT (figure_id, day) DO UPDATE SET litres = excluded.litres")) {
                statement.setInt(1, id);
                statement.setString(2, clipping.gardener());
                statement.setInt(3, clipping.day());
                statement.setInt(4, clipping.litres());
                return statement.executeUpdate();
            }
        }

        List<Bed> beds(Connection connection) throws SQLException {
            List<Bed> beds = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT b.name, count(*), count(*) FILTER (WHERE f.centimetres > 240) FROM bed b"
                            + " JOIN figure f ON f.bed_id = b.id GROUP BY b.id, b.name ORDER BY 3 DESC, 1");
                    ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    beds.add(new Bed(found.getString(1), found.getInt(2), found.getInt(3)));
                }
            }
            return beds;
        }
    }

    /** The pages of the register. */
    static class Pages {
        private final Database database;
        private final FigureDao figures = new FigureDao();
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        Pages(Database database) {
            this.database = database;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            int status = 200;
            String body;
            try {
                body = answer(exchange.getRequestURI().getPath().split("/"));
            } catch (NumberFormatException e) {
                status = 400;
                body = "a figure has a number";
            } catch (SQLException e) {
                status = 503;
                body = "the register is closed";
                System.err.println(e.getMessage());
            }
            if (body == null) {
                status = 404;
                body = "no such page";
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private String answer(String[] parts) throws SQLException {
            if (parts.length == 2 && parts[1].equals("beds")) {
                StringBuilder text = new StringBuilder();
                for (Bed bed : database.read(figures::beds)) {
                    text.append(bed.name()).append(": ").append(bed.behind()).append(" of ").append(bed.figures())
                            .append('\n');
                }
                return text.toString();
            }
            if (parts.length < 3 || !parts[1].equals("figures")) {
                return null;
            }
            int id = Integer.parseInt(parts[2]);
            if (parts.length == 5 && parts[3].equals("clip")) {
                Clipping clipping = new Clipping("g" + id % 7, id % 300, Integer.parseInt(parts[4]));
                return "noted " + database.change(connection -> figures.clip(connection, id, clipping));
            }
            return database.read(connection -> figures.card(connection, id)).map(Pages::text).orElse(null);
        }

        private static String text(Card card) {
            Figure figure = card.figure();
            StringBuilder text = new StringBuilder(300);
            text.append(figure.shape()).append(", ").append(figure.shrub()).append(", ").append(figure.centimetres())
                    .append(" cm, ").append(figure.bed()).append('\n');
            for (Clipping clipping : card.clippings()) {
                text.append(clipping.day()).append(' ').append(clipping.gardener()).append(' ')
                        .append(clipping.litres()).append(" l\n");
            }
            return text.toString();
        }

        void report() {
            System.err.printf("%d served, %.2f ms each%n", served.sum(), spent.sum() / 1e6 / Math.max(1, served.sum()));
        }
    }

    static int server() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE bed (id int PRIMARY KEY, name text NOT NULL)",
                "CREATE TABLE figure (id int PRIMARY KEY, bed_id int REFERENCES bed, shape text, shrub text,"
                        + " centimetres int)",
                "CREATE TABLE clipping (figure_id int REFERENCES figure, day int, gardener text, litres int,"
                        + " PRIMARY KEY (figure_id, day))",
                "INSERT INTO bed SELECT i, 'parterre ' || i FROM generate_series(1, 24) i",
                "INSERT INTO figure SELECT i, i % 24 + 1, 'peacock ' || i, 'yew', 90 + i * 37 % 190"
                        + " FROM generate_series(1, 600) i",
                "INSERT INTO clipping SELECT i % 600 + 1, i / 600 * 9, 'g' || i % 7, 10 + i % 50"
                        + " FROM generate_series(1, 18000) i",
                "ANALYZE").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** Gardeners and the office, in processes of their own. */
    static void gardeners(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int figure = 1; figure <= FIGURES + 4; figure += 3) {
            paths.add("/figures/" + figure);
            if (figure % 8 == 0) {
                paths.add("/figures/" + figure + "/clip/" + figure % 40);
            }
            if (figure % 30 == 1) {
                paths.add("/beds");
            }
        }
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "45", "6")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Pages pages = new Pages(new Database(server()));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/", pages::handle);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        gardeners(server.getAddress().getPort());
        Thread.sleep(1500);
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(pages::report, 10, 10, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
