// expect: healthy bench
// The ring desk of a cat show: four times a second the stewards of sixteen rings read the chips of the cats on their
// tables, all at the same moment, and the desk asks the pedigree registry (which takes 14 ms, whoever asks) over
// sessions that are kept open; then it looks at the cat's breed, age and titles, and says where it is to be judged.
//
// Measured: a request takes 68 ms, in the twin 16 ms; both serve 64 a second. CPU 0.025 of a core, in the twin 0.018.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class CatShowRings {
    static final String REGISTRY = """
            import os, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services
            breeds = ("Korat", "Manx", "Birman", "Ocicat", "Chartreux")

            def answer(path):
                time.sleep(0.014)
                chip = int(path.rpartition("/")[2])
                return f"{chip};{breeds[chip % 5]};{4 + chip * 37 % 150};{chip * 11 % 7};{chip % 2}".encode()

            print(services.http_service(answer), flush=True)
            """;
    static final String STEWARDS = """
            import http.client, os, sys, threading, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services
            port, rings, period = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])

            def steward(ring, began):
                desk = http.client.HTTPConnection("127.0.0.1", port)
                turn = 0
                while True:
                    turn = max(turn + 1, int((time.monotonic() - began) / period))
                    time.sleep(max(0.0, began + turn * period - time.monotonic()))
                    desk.request("GET", f"/rings/{ring}/cats/{turn * rings + ring}")
                    desk.getresponse().read()

            def show():
                began = time.monotonic() + 0.2
                threads = [threading.Thread(target=steward, args=(ring, began)) for ring in range(rings)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

            services.outside(show)
            """;

    record Cat(int chip, String breed, int months, int titles, boolean neutered) {
        static Cat parse(String line) throws IOException {
            String[] fields = line.split(";");
            if (fields.length != 5) {
                throw new IOException("the registry says: " + line);
            }
            return new Cat(Integer.parseInt(fields[0]), fields[1], Integer.parseInt(fields[2]),
                    Integer.parseInt(fields[3]), fields[4].equals("1"));
        }
    }

    /** A line to the registry that stays open: one question at a time. */
    static class Session {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        Session(int port) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(2000);
            in = new BufferedInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        String get(String path) throws IOException {
            out.write(("GET " + path + " HTTP/1.1\r\nHost: registry\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            int length = 0;
            for (String line = line(); !line.isEmpty(); line = line()) {
                if (line.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                    length = Integer.parseInt(line.substring(15).trim());
                }
            }
            return new String(in.readNBytes(length), StandardCharsets.UTF_8);
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0) {
                    throw new EOFException("the registry hung up");
                }
                if (c != '\r') {
                    line.append((char) c);
                }
            }
            return line.toString();
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                System.err.println(e.getMessage());
            }
        }
    }

    interface Question<T> {
        T ask(Session session) throws IOException;
    }

    static class Sessions {
        private final int port;
        private final BlockingQueue<Session> idle;

        Sessions(int port, int size) throws IOException {
            this.port = port;
            idle = new ArrayBlockingQueue<>(size);
            for (int i = 0; i < size; i++) {
                idle.add(new Session(port));
            }
        }

        <T> T with(Question<T> question) throws IOException, InterruptedException {
            Session session = idle.poll(5, TimeUnit.SECONDS);
            if (session == null) {
                throw new IOException("all sessions are taken");
            }
            boolean whole = false;
            try {
                T answer = question.ask(session);
                whole = true;
                return answer;
            } finally {
                if (!whole) {
                    session.close(); // who knows what is still on that line
                    session = new Session(port);
                }
                idle.add(session);
            }
        }
    }

    static class Registry {
        private final Sessions sessions;

        Registry(Sessions sessions) {
            this.sessions = sessions;
        }

        Cat find(int chip) throws IOException, InterruptedException {
            return Cat.parse(sessions.with(session -> session.get("/chips/" + chip)));
        }
    }

    static class Judging {
        private static final Map<String, Integer> GROWN_UP = Map.of("Korat", 10, "Manx", 10, "Birman", 12, "Ocicat", 9);
        private final Registry registry;

        Judging(Registry registry) {
            this.registry = registry;
        }

        String place(int ring, int chip) throws IOException, InterruptedException {
            Cat cat = registry.find(chip);
            String group;
            if (cat.months() < GROWN_UP.getOrDefault(cat.breed(), 11)) {
                group = cat.months() < 7 ? "kitten" : "junior";
            } else if (cat.months() > 120) {
                group = "veteran";
            } else {
                group = cat.neutered() ? "premier" : "champion";
            }
            String ribbon = cat.titles() > 4 ? "gold" : cat.titles() > 1 ? "blue" : "green";
            return "{\"ring\": " + ring + ", \"chip\": " + cat.chip() + ", \"breed\": \"" + cat.breed()
                    + "\", \"group\": \"" + group + "\", \"ribbon\": \"" + ribbon + "\"}";
        }
    }

    static class Desk {
        private final Judging judging;
        final LongAdder served = new LongAdder();
        final LongAdder spent = new LongAdder();

        Desk(Judging judging) {
            this.judging = judging;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/"); // /rings/3/cats/4711
            try {
                answer(exchange, 200, judging.place(Integer.parseInt(parts[2]), Integer.parseInt(parts[4])));
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                answer(exchange, 404, "{}");
            } catch (IOException | InterruptedException e) {
                answer(exchange, 503, "{\"error\": \"" + e.getMessage() + "\"}");
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

    /** So that no steward waits for pages of memory. */
    static void touchHeap() {
        byte[][] some = new byte[16][];
        for (int i = 0; i < 2000; i++) {
            some[i % some.length] = new byte[65_536];
        }
    }

    static String python(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getenv("PYTHON"), "-c"));
        command.addAll(List.of(words));
        Process started = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return told.readLine();
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        touchHeap();
        int rings = 16;
        Sessions sessions = new Sessions(Integer.parseInt(python(REGISTRY)), rings);
        Desk desk = new Desk(new Judging(new Registry(sessions)));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/rings/", desk::handle);
        server.setExecutor(Executors.newFixedThreadPool(rings));
        server.start();
        python(STEWARDS, "" + server.getAddress().getPort(), "" + rings, "0.25");
        Thread.sleep(3000);
        desk.served.reset();
        desk.spent.reset();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = desk.served.sumThenReset();
            System.err.printf("%d served, %.1f ms each%n", served, desk.spent.sumThenReset() / 1e6 / served);
        }
    }
}
