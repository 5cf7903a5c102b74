// expect: pattern=lock-contention bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// The fitting room of a school for stilt walkers: at ten counters, pupils are fitted at the bell, seven times a second.
// For each fitting the desk asks the workshop's database what strain the pair would be under (strain() reads the pair's
// history from a slow disk for 9 ms; it serves dozens at once), and notes the new setting of the pair.
//
// Measured: 71 fittings a second; one takes 56 ms, in the twin 11.5 ms. CPU 4 % of a core, in the twin 3 %.
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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

public class StiltWalkers {
    static final int COUNTERS = 10;
    static final int PAIRS = 40;
    static final double BEARS = 9.5;

    static final String PUPILS = """
            import http.client, os, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import clients, services
            port, counters, pairs, period = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), 0.14
            began = time.monotonic() + 0.2

            def counter(number):
                desk = http.client.HTTPConnection("127.0.0.1", port)
                turn = 0
                while True:
                    turn = max(turn + 1, int((time.monotonic() - began) / period))
                    time.sleep(max(0.0, began + turn * period - time.monotonic()))
                    pair = (number + turn * counters) % pairs
                    desk.request("POST", f"/pairs/{pair}/fit?weight={45 + (pair * 7 + turn) % 40}")
                    desk.getresponse().read()

            services.outside(lambda: clients.crowd(counter, counters))
            """;

    record Fitting(int pair, int weight, int rung, double strain) {}

    /** A pair of stilts: how it is set, and what it has borne. */
    static class Pair {
        final int number;
        int rung = 3;
        int fittings;
        double worst;

        Pair(int number) {
            this.number = number;
        }

        int rungFor(int weight) {
            return weight > 70 ? Math.max(1, rung - 1) : Math.min(6, rung + (weight < 52 ? 1 : 0));
        }

        void set(Fitting fitting) {
            rung = fitting.rung();
            worst = Math.max(worst * 0.999, fitting.strain());
            fittings++;
        }
    }

    static class Workshop {
        private final DataSource source;

        Workshop(DataSource source) {
            this.source = source;
        }

        double strain(int pair, int weight, int rung) throws SQLException {
            try (Connection connection = source.getConnection();
                    PreparedStatement statement = connection.prepareStatement("SELECT strain(?, ?, ?)")) {
                statement.setInt(1, pair);
                statement.setInt(2, weight);
                statement.setInt(3, rung);
                try (ResultSet found = statement.executeQuery()) {
                    found.next();
                    return found.getDouble(1);
                }
            }
        }
    }

    /** The last fittings, for the board at the door. */
    static class Board {
        private final Deque<String> lines = new ArrayDeque<>();

        void show(Fitting fitting) {
            String line = String.format(Locale.ROOT, "pair %d: %d kg on rung %d", fitting.pair(), fitting.weight(),
                    fitting.rung());
            synchronized (lines) {
                if (lines.size() == 20) {
                    lines.removeLast();
                }
                lines.addFirst(line);
            }
        }

        String text() {
            synchronized (lines) {
                return String.join("\n", lines);
            }
        }
    }

    static class FittingRoom {
        private final Pair[] pairs = new Pair[PAIRS];
        private final Workshop workshop;
        private final Board board;

        FittingRoom(Workshop workshop, Board board) {
            this.workshop = workshop;
            this.board = board;
            for (int number = 0; number < PAIRS; number++) {
                pairs[number] = new Pair(number);
            }
        }

        Fitting fit(int number, int weight) throws SQLException {
            if (number < 0 || number >= PAIRS) {
                throw new IllegalArgumentException("no pair " + number);
            }
            Fitting fitting = settle(pairs[number], weight);
            board.show(fitting);
            return fitting;
        }

        private synchronized Fitting settle(Pair pair, int weight) throws SQLException { // <- cost
            int rung = pair.rungFor(weight);
            double strain = workshop.strain(pair.number, weight, rung); // <- cost
            while (strain > BEARS && rung > 1) {
                rung--;
                strain *= 0.8;
            }
            Fitting fitting = new Fitting(pair.number, weight, rung, strain);
            pair.set(fitting);
            return fitting;
        }
    }

    static class Desk {
        private final FittingRoom room;
        private final Board board;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        Desk(FittingRoom room, Board board) {
            this.room = room;
            this.board = board;
        }

        void fit(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/");
            String query = exchange.getRequestURI().getQuery();
            try {
                int weight = Integer.parseInt(query.substring(query.indexOf('=') + 1));
                Fitting done = room.fit(Integer.parseInt(parts[2]), weight);
                answer(exchange, 200, String.format(Locale.ROOT, "{\"pair\": %d, \"rung\": %d, \"strain\": %.2f}",
                        done.pair(), done.rung(), done.strain()));
            } catch (IllegalArgumentException e) {
                answer(exchange, 404, "{\"error\": \"" + e.getMessage() + "\"}");
            } catch (SQLException e) {
                answer(exchange, 503, "{\"error\": \"" + e.getSQLState() + "\"}");
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        void board(HttpExchange exchange) throws IOException {
            answer(exchange, 200, board.text());
        }

        private static void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    static DataSource database() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
                "CREATE TABLE walk (pair int, slot int, stress float8, PRIMARY KEY (pair, slot))",
                "INSERT INTO walk SELECT i % 40, i / 40, 5 + i * 13 % 40 / 10.0 FROM generate_series(0, 7999) i",
                "CREATE FUNCTION strain(asked int, weight int, rung int) RETURNS float8 AS $$ DECLARE mean float8;"
                        + " BEGIN PERFORM pg_sleep(0.009); SELECT avg(stress) INTO mean FROM walk WHERE pair = asked;"
                        + " RETURN mean * weight / 60 + rung * 0.4; END $$ LANGUAGE plpgsql STABLE", "ANALYZE")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        HikariConfig config = new HikariConfig();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + told.readLine().trim() + "/postgres");
        }
        config.setUsername("postgres");
        config.setMaximumPoolSize(COUNTERS);
        return new HikariDataSource(config);
    }

    static void pupils(int port) throws IOException, InterruptedException {
        new ProcessBuilder(System.getenv("PYTHON"), "-c", PUPILS, "" + port, "" + COUNTERS, "" + PAIRS)
                .redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Board board = new Board();
        Desk desk = new Desk(new FittingRoom(new Workshop(database()), board), board);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/pairs/", desk::fit);
        server.createContext("/board", desk::board);
        server.setExecutor(Executors.newFixedThreadPool(COUNTERS));
        server.start();
        pupils(server.getAddress().getPort());
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = desk.served.sum();
            System.err.printf("%d served, %.1f ms each%n", served, desk.spent.sum() / 1e6 / served);
        }
    }
}
