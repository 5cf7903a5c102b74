// expect: pattern=lock-contention bench build: postgresql.jar HikariCP.jar slf4j-api.jar
// The store desk of a fireworks company: crews book shells out of and back into the magazines, each of which may hold
// only so much explosive; every booking is written to PostgreSQL, which answers when its standby has it too.
// Measured: a booking takes 84 ms, of which the standby takes 6; 127 a second get done of 200 that are wanted, 5 % CPU.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

public class FireworkMortars {
    static final int MAGAZINES = 24;
    static final int DESKS = 12;

    /** What lies in one magazine, in grams of net explosive quantity. */
    static final class Magazine {
        final int number;
        final long allowed;
        long held;

        Magazine(int number, long allowed) {
            this.number = number;
            this.allowed = allowed;
            this.held = allowed / 2;
        }
    }

    static final class OverLimit extends Exception {
        OverLimit(int magazine) {
            super("magazine " + magazine + " cannot take or give that much");
        }
    }

    static final class StoreBook {
        private final Map<Integer, Magazine> magazines = new HashMap<>();
        private final HikariDataSource database;
        private final AtomicLong booked = new AtomicLong();

        StoreBook(HikariDataSource database) {
            this.database = database;
            for (int n = 0; n < MAGAZINES; n++) {
                magazines.put(n, new Magazine(n, 400_000 + n * 10_000L));
            }
        }

        /** Books grams in (or out, when negative), and returns the number of the entry. */
        long book(int number, String crew, long grams) throws SQLException, OverLimit {
            synchronized (magazines) { // <- cost
                Magazine magazine = magazines.get(number);
                long after = magazine.held + grams;
                if (after < 0 || after > magazine.allowed) {
                    throw new OverLimit(number);
                }
                long entry = write(number, crew, grams, after); // <- cost
                magazine.held = after;
                booked.incrementAndGet();
                return entry;
            }
        }

        private long write(int number, String crew, long grams, long after) throws SQLException {
            try (Connection connection = database.getConnection();
                 PreparedStatement insert = connection.prepareStatement(
                     "INSERT INTO booking (magazine, crew, grams, held_after) VALUES (?, ?, ?, ?) RETURNING id")) {
                insert.setInt(1, number);
                insert.setString(2, crew);
                insert.setLong(3, grams);
                insert.setLong(4, after);
                try (ResultSet row = insert.executeQuery()) { // <- cost
                    row.next();
                    return row.getLong(1);
                }
            }
        }
    }

    static Map<String, String> parameters(HttpExchange exchange) {
        Map<String, String> found = new HashMap<>();
        String query = exchange.getRequestURI().getQuery();
        if (query != null) {
            for (String part : query.split("&")) {
                int equals = part.indexOf('=');
                if (equals > 0) {
                    found.put(part.substring(0, equals), part.substring(equals + 1));
                }
            }
        }
        return found;
    }

    static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    static void onBook(StoreBook book, HttpExchange exchange) throws IOException {
        Map<String, String> asked = parameters(exchange);
        try {
            long entry = book.book(
                Integer.parseInt(asked.get("magazine")), asked.get("crew"), Long.parseLong(asked.get("grams")));
            answer(exchange, 200, "{\"entry\":" + entry + "}");
        } catch (OverLimit limit) {
            answer(exchange, 409, "{\"error\":\"" + limit.getMessage() + "\"}");
        } catch (SQLException | RuntimeException failed) {
            answer(exchange, 500, "{\"error\":\"not booked\"}");
        }
    }

    static int startDatabase() throws IOException {
        ProcessBuilder start = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres",
            "CREATE TABLE booking (id bigserial PRIMARY KEY, magazine int, crew text, grams bigint, held_after bigint)",
            "CREATE FUNCTION standby() RETURNS trigger LANGUAGE plpgsql AS "
                + "$$ BEGIN PERFORM pg_sleep(0.006); RETURN NEW; END $$",
            "CREATE TRIGGER standby AFTER INSERT ON booking FOR EACH ROW EXECUTE FUNCTION standby()");
        start.redirectError(ProcessBuilder.Redirect.DISCARD);
        try (BufferedReader said = new BufferedReader(new InputStreamReader(start.start().getInputStream()))) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    /** The crews at their desks, in a process that is nobody's child. */
    static void startCrews(int port) throws IOException {
        String script = String.join("\n",
            "import http.client, random, sys, threading, time",
            "def desk(n):",
            "    asked = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))",
            "    due = time.monotonic() + n * 0.005",
            "    while True:",
            "        grams = random.choice((-1, 1)) * random.randint(50, 2400)",
            "        asked.request('GET', f'/book?magazine={random.randrange(24)}&crew=crew-{n}&grams={grams}')",
            "        asked.getresponse().read()",
            "        due = max(due + 0.06, time.monotonic())",
            "        time.sleep(max(0.0, due - time.monotonic()))",
            "desks = [threading.Thread(target=desk, args=(n,)) for n in range(" + DESKS + ")]",
            "[each.start() for each in desks]");
        new ProcessBuilder("/bin/sh", "-c", "\"$0\" -c \"$1\" \"$2\" </dev/null >/dev/null 2>&1 &",
            System.getenv("PYTHON"), script, String.valueOf(port)).start();
    }

    /** Lets the heap reach its size before the desks open. */
    static int warm() {
        byte[][] blocks = new byte[2600][];
        for (int n = 0; n < blocks.length; n++) {
            blocks[n] = new byte[16 << 10];
        }
        return blocks.length;
    }

    public static void main(String[] words) throws Exception {
        warm();
        System.setProperty("sun.net.httpserver.nodelay", "true");
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + startDatabase() + "/postgres?sslmode=disable");
        config.setUsername("postgres");
        config.setMaximumPoolSize(DESKS);
        StoreBook book = new StoreBook(new HikariDataSource(config));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(DESKS));
        server.createContext("/book", exchange -> onBook(book, exchange));
        server.createContext("/count", exchange -> answer(exchange, 200, "{\"booked\":" + book.booked.get() + "}"));
        server.start();
        startCrews(server.getAddress().getPort());
        Thread.sleep(5000);
        System.out.println("ready");
        System.out.flush();
        Thread.currentThread().join();
    }
}
