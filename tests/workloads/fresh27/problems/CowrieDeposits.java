// expect: pattern=connection-per-request bench build: postgresql.jar HikariCP.jar slf4j-api.jar slf4j-nop.jar
// Deposits of cowrie shells: an HTTP service that books deposits of the counting houses into PostgreSQL, and tells balances.
// Some 60 requests a second.
//
// Measured: an answer takes 8 to 11 ms (median) here and 1.5 ms in the mended one; 0.14 to 0.16 cores against 0.07.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;

public class CowrieDeposits {
    static final int ACCOUNTS = 2000;
    static final int REQUESTS_PER_SECOND = 60;
    static final int WORKERS = 8;

    static class Database {
        private final String url;

        Database(int port) {
            url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
        }

        Connection connection() throws SQLException {
            return DriverManager.getConnection(url, "postgres", ""); // <- cost
        }
    }

    static class DepositBook {
        private final Database database;

        DepositBook(Database database) {
            this.database = database;
        }

        long deposit(int account, long shells, String house) throws SQLException {
            try (Connection connection = database.connection()) { // <- cost
                connection.setAutoCommit(false);
                try {
                    long balance = add(connection, account, shells);
                    record(connection, account, shells, house);
                    connection.commit();
                    return balance;
                } catch (SQLException failed) {
                    connection.rollback();
                    throw failed;
                }
            }
        }

        private long add(Connection connection, int account, long shells) throws SQLException {
            String sql = "UPDATE account SET balance = balance + ? WHERE id = ? RETURNING balance";
            try (PreparedStatement update = connection.prepareStatement(sql)) {
                update.setLong(1, shells);
                update.setInt(2, account);
                try (ResultSet row = update.executeQuery()) {
                    if (!row.next()) {
                        throw new SQLException("no account " + account);
                    }
                    return row.getLong(1);
                }
            }
        }

        private void record(Connection connection, int account, long shells, String house) throws SQLException {
            String sql = "INSERT INTO deposit (account, shells, house) VALUES (?, ?, ?)";
            try (PreparedStatement insert = connection.prepareStatement(sql)) {
                insert.setInt(1, account);
                insert.setLong(2, shells);
                insert.setString(3, house);
                insert.executeUpdate();
            }
        }

        long balance(int account) throws SQLException {
            try (Connection connection = database.connection(); // <- cost
                    PreparedStatement query = connection.prepareStatement("SELECT balance FROM account WHERE id = ?")) {
                query.setInt(1, account);
                try (ResultSet row = query.executeQuery()) {
                    return row.next() ? row.getLong(1) : 0;
                }
            }
        }
    }

    static Map<String, String> parameters(HttpExchange exchange) {
        Map<String, String> found = new HashMap<>();
        String query = exchange.getRequestURI().getRawQuery();
        if (query != null) {
            for (String part : query.split("&")) {
                int at = part.indexOf('=');
                if (at > 0) {
                    found.put(part.substring(0, at), part.substring(at + 1));
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

    static void handle(HttpExchange exchange, DepositBook book) throws IOException {
        try {
            Map<String, String> given = parameters(exchange);
            int account = Integer.parseInt(given.getOrDefault("account", ""));
            long balance;
            if (exchange.getRequestURI().getPath().equals("/deposit")) {
                balance = book.deposit(account, Long.parseLong(given.get("shells")), given.getOrDefault("house", "main"));
            } else {
                balance = book.balance(account);
            }
            answer(exchange, 200, "{\"account\": " + account + ", \"balance\": " + balance + "}");
        } catch (NumberFormatException bad) {
            answer(exchange, 400, "{\"error\": \"account and shells are numbers\"}");
        } catch (SQLException failed) {
            answer(exchange, 503, "{\"error\": \"the book is closed\"}");
        }
    }

    static int startDatabase() throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getenv("PYTHON"), System.getenv("SERVICES"), "postgres"));
        command.add("CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)");
        command.add("CREATE TABLE deposit (id bigserial PRIMARY KEY, account int REFERENCES account, shells bigint, house text)");
        command.add("INSERT INTO account SELECT n, n * 7 % 1000 FROM generate_series(0, " + (ACCOUNTS - 1) + ") n");
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    static void startCustomers(int port) throws IOException {
        Random random = new Random(5);
        StringBuilder paths = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            int account = random.nextInt(ACCOUNTS);
            paths.append(i == 0 ? "" : ",");
            paths.append(i % 4 == 0
                    ? "/balance?account=" + account
                    : "/deposit?account=" + account + "&shells=" + (1 + random.nextInt(500)) + "&house=h" + i % 9);
        }
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, paths.toString(), "" + REQUESTS_PER_SECOND, "" + WORKERS)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        DepositBook book = new DepositBook(new Database(startDatabase()));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(Executors.newFixedThreadPool(WORKERS));
        server.createContext("/", exchange -> handle(exchange, book));
        server.start();
        startCustomers(server.getAddress().getPort());
        Thread.sleep(2000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
