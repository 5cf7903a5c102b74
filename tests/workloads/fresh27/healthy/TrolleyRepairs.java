// expect: healthy bench
/*
 * The repair desk of a maker of airport trolleys: workshops look up a trolley, note a repair, and see the list of those
 * that break most. An HTTP server with a few threads; its journal is written in blocks.
 */
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

public class TrolleyRepairs {
    static final int TROLLEYS = 4000;
    static final int THREADS = 8;
    static final int REQUESTS_PER_SECOND = 1500;
    static final int LINES_PER_JOURNAL = 100_000;
    static final String[] PARTS = {"castor", "brake handle", "bumper", "basket", "frame", "sign holder"};

    private final AtomicIntegerArray repairs = new AtomicIntegerArray(TROLLEYS);
    private final AtomicLongArray lastRepair = new AtomicLongArray(TROLLEYS);
    private final BlockingQueue<String> journal = new ArrayBlockingQueue<>(10_000);
    private volatile byte[] worst = "[]".getBytes(StandardCharsets.UTF_8);

    /** GET /trolley/N */
    private byte[] trolley(int number) {
        String part = PARTS[(number * 31 + repairs.get(number)) % PARTS.length];
        return ("{\"trolley\":" + number + ",\"repairs\":" + repairs.get(number) + ",\"last\":" + lastRepair.get(number)
            + ",\"next\":\"" + part + "\"}").getBytes(StandardCharsets.UTF_8);
    }

    /** GET /repair/N (the workshops' scanners can only GET) */
    private byte[] repair(int number) throws InterruptedException {
        long now = System.currentTimeMillis();
        int count = repairs.incrementAndGet(number);
        lastRepair.set(number, now);
        journal.put(now + " " + number + " " + count);
        return ("{\"trolley\":" + number + ",\"repairs\":" + count + "}").getBytes(StandardCharsets.UTF_8);
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        try {
            if (path.equals("/worst")) {
                answer(exchange, 200, worst);
                return;
            }
            int slash = path.lastIndexOf('/');
            int number = Integer.parseInt(path.substring(slash + 1));
            if (number < 0 || number >= TROLLEYS) {
                answer(exchange, 404, "{}".getBytes(StandardCharsets.UTF_8));
            } else if (path.startsWith("/trolley/")) {
                answer(exchange, 200, trolley(number));
            } else if (path.startsWith("/repair/")) {
                answer(exchange, 200, repair(number));
            } else {
                answer(exchange, 404, "{}".getBytes(StandardCharsets.UTF_8));
            }
        } catch (NumberFormatException error) {
            answer(exchange, 400, "{}".getBytes(StandardCharsets.UTF_8));
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }

    /** The twenty that break most; made anew every two seconds, for all who ask. */
    private void findWorst() {
        PriorityQueue<int[]> most = new PriorityQueue<>(Comparator.comparingInt((int[] one) -> one[1]));
        for (int number = 0; number < TROLLEYS; number++) {
            int count = repairs.get(number);
            if (most.size() < 20) {
                most.add(new int[] {number, count});
            } else if (count > most.peek()[1]) {
                most.poll();
                most.add(new int[] {number, count});
            }
        }
        StringBuilder text = new StringBuilder("[");
        while (!most.isEmpty()) {
            int[] one = most.poll();
            text.append(text.length() > 1 ? "," : "").append("[").append(one[0]).append(",").append(one[1]).append("]");
        }
        worst = text.append("]").toString().getBytes(StandardCharsets.UTF_8);
    }

    private void writeJournal() {
        try {
            for (int file = 0;; file = 1 - file) {
                try (BufferedWriter out = Files.newBufferedWriter(Path.of("journal-" + file + ".txt"))) {
                    for (int line = 0; line < LINES_PER_JOURNAL; line++) {
                        String next = journal.poll(1, TimeUnit.SECONDS);
                        if (next == null) {
                            out.flush();
                            next = journal.take();
                        }
                        out.write(next);
                        out.newLine();
                    }
                }
            }
        } catch (IOException | InterruptedException error) {
            System.err.println("journal: " + error);
            System.exit(1);
        }
    }

    private static void letWorkshopsCome(int port) throws IOException, InterruptedException {
        StringBuilder paths = new StringBuilder("/worst");
        for (int at = 0; at < 60; at++) {
            int number = at * 977 % TROLLEYS;
            paths.append(at % 3 == 0 ? ",/repair/" : ",/trolley/").append(number);
        }
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", String.valueOf(port), paths.toString(),
            String.valueOf(REQUESTS_PER_SECOND), "8")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD)
            .start().waitFor();
    }

    public static void main(String[] arguments) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        TrolleyRepairs desk = new TrolleyRepairs();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 128);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", desk::handle);
        server.start();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        timer.scheduleAtFixedRate(desk::findWorst, 0, 2, TimeUnit.SECONDS);
        Thread writer = new Thread(desk::writeJournal, "journal");
        writer.setDaemon(true);
        writer.start();
        letWorkshopsCome(server.getAddress().getPort());
        Thread.sleep(2000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
