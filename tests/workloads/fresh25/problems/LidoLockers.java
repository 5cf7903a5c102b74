// expect: pattern=lock-contention bench
// Lockers of a city's lidos: the locks report to a maker's hub, from which the board is brought up to date a few times
// a second; swimmers' wristbands ask over HTTP where their locker is, and the cabin attendants which ones are free.
//
// Measured: 110 answers a second, 21 ms each; in the twin 0.5 ms each; both 4 % of a core.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class LidoLockers {
    static final int LIDOS = 6;
    static final int LOCKERS = 60; // in each
    static final int HANDLERS = 8;

    record Locker(String code, String lido, int row, boolean taken, int battery) {}

    /** The hub of the locks' maker: one line for each locker of all lidos. */
    static class LockHub {
        private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
        private final HttpRequest request;

        LockHub(int port) {
            request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/lockers"))
                    .timeout(Duration.ofSeconds(3)).build();
        }

        List<Locker> report() throws IOException, InterruptedException {
            return parse(ask());
        }

        /** So that the first reports do not wait for the compiler. */
        int warmUp() throws IOException, InterruptedException {
            String body = ask();
            int lockers = 0;
            for (int round = 0; round < 250; round++) {
                lockers += parse(body).size();
            }
            return lockers;
        }

        private String ask() throws IOException, InterruptedException {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IOException("the hub says " + response.statusCode());
            }
            return response.body();
        }

        private static List<Locker> parse(String body) {
            List<Locker> lockers = new ArrayList<>(LIDOS * LOCKERS);
            for (String line : body.split("\n")) {
                String[] parts = line.split(";");
                if (parts.length == 5) {
                    lockers.add(new Locker(parts[0], parts[1], Integer.parseInt(parts[2]), parts[3].equals("taken"),
                            Integer.parseInt(parts[4])));
                }
            }
            return lockers;
        }
    }

    /** What is known of the lockers: always one whole report, never half of the next. */
    static class LockerBoard {
        private final LockHub hub;
        private Map<String, Locker> byCode = Map.of();
        private Map<String, List<Locker>> free = Map.of();
        private int reports;

        LockerBoard(LockHub hub) {
            this.hub = hub;
        }

        synchronized Optional<Locker> find(String code) { // <- cost
            return Optional.ofNullable(byCode.get(code));
        }

        synchronized List<Locker> free(String lido) { // <- cost
            return free.getOrDefault(lido, List.of());
        }

        synchronized int reports() {
            return reports;
        }

        synchronized void refresh() throws IOException, InterruptedException { // <- cost
            List<Locker> lockers = hub.report(); // <- cost
            Map<String, Locker> codes = new HashMap<>(lockers.size() * 2);
            Map<String, List<Locker>> empty = new HashMap<>();
            for (Locker locker : lockers) {
                codes.put(locker.code(), locker);
                if (!locker.taken() && locker.battery() > 5) {
                    empty.computeIfAbsent(locker.lido(), lido -> new ArrayList<>()).add(locker);
                }
            }
            byCode = codes;
            free = empty;
            reports++;
        }
    }

    static class BoardKeeper implements Runnable {
        private final LockerBoard board;
        final LongAdder missed = new LongAdder();

        BoardKeeper(LockerBoard board) {
            this.board = board;
        }

        @Override
        public void run() {
            try {
                board.refresh();
            } catch (IOException e) {
                missed.increment(); // the last report stays on the board
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static class LockerResource {
        private final LockerBoard board;
        final LongAdder served = new LongAdder();
        final LongAdder spent = new LongAdder();

        LockerResource(LockerBoard board) {
            this.board = board;
        }

        void locker(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            Optional<Locker> locker = board.find(last(exchange));
            answer(exchange, locker.isPresent() ? 200 : 404, locker.map(LockerResource::words).orElse("no locker\n"));
            spent.add(System.nanoTime() - began);
        }

        void free(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            List<Locker> lockers = board.free(last(exchange));
            StringBuilder text = new StringBuilder(lockers.size() * 12);
            for (Locker locker : lockers) {
                text.append(locker.code()).append(" row ").append(locker.row()).append('\n');
            }
            answer(exchange, 200, text.toString());
            spent.add(System.nanoTime() - began);
        }

        private static String words(Locker locker) {
            return locker.lido() + ", row " + locker.row() + (locker.taken() ? ", taken" : ", free")
                    + (locker.battery() < 15 ? ", call the attendant\n" : "\n");
        }

        private static String last(HttpExchange exchange) {
            String path = exchange.getRequestURI().getPath();
            return path.substring(path.lastIndexOf('/') + 1);
        }

        private void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
            served.increment();
        }
    }

    /** The hub, in a process of its own: it gathers for 120 ms; its port. */
    static int hub() throws IOException {
        String script = String.join("\n", "import os, sys, time",
                "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))", "import services",
                "def answer(path):", "    time.sleep(0.12)", "    now = int(time.time() * 4)",
                "    lines = (f'L{lido}-{n};lido{lido};{n // 12};{\"free\" if (n * 7 + now) % 5 == 0 else \"taken\"};"
                        + "{(n * 31 + now // 900) % 100}' for lido in range(int(sys.argv[1]))"
                        + " for n in range(int(sys.argv[2])))",
                "    return '\\n'.join(lines).encode()", "print(services.http_service(answer), flush=True)");
        Process started = new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + LIDOS, "" + LOCKERS)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** Wristbands and attendants, in a process of their own. */
    static void swimmers(int port, int rate) throws IOException, InterruptedException {
        StringJoiner paths = new StringJoiner(",");
        for (int n = 0; n < LIDOS * LOCKERS; n += 2) {
            paths.add("/lockers/L" + n % LIDOS + "-" + n / LIDOS);
            if (n % 12 == 0) {
                paths.add("/free/lido" + n / 12 % LIDOS);
            }
        }
        String clients = System.getenv("SERVICES").replace("services.py", "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, "" + paths, "" + rate, "" + HANDLERS)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        LockHub hub = new LockHub(hub());
        if (hub.warmUp() == 0) {
            throw new IOException("the hub knows no lockers");
        }
        LockerBoard board = new LockerBoard(hub);
        board.refresh();
        BoardKeeper keeper = new BoardKeeper(board);
        Executors.newSingleThreadScheduledExecutor().scheduleWithFixedDelay(keeper, 200, 200, TimeUnit.MILLISECONDS);
        LockerResource resource = new LockerResource(board);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/lockers/", resource::locker);
        server.createContext("/free/", resource::free);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        swimmers(server.getAddress().getPort(), 110);
        while (resource.served.sum() < 250) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            TimeUnit.SECONDS.sleep(10);
            long served = resource.served.sum();
            System.err.printf("%d served, %.2f ms each, %d reports, %d missed%n", served,
                    resource.spent.sum() / 1e6 / served, board.reports(), keeper.missed.sum());
        }
    }
}
