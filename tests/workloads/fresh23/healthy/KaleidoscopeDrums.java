// bench: healthy
// A maker of kaleidoscopes shows in the shop window what a drum of glass will look like: at each turn of the window,
// every second, some screens ask at once for a view; two painters render it by mirroring one wedge around the middle,
// and what was lately painted is kept. A ledger of the views goes to a file.
//
// Measured: 44 views a second in one burst, half of them painted, 6 ms each; CPU 18 % of a core.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.Deflater;

public class KaleidoscopeDrums {
    static final int SIDE = 384;
    static final int PIECES = 28;

    static final String SCREENS = """
            import http.client, os, random, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import clients, services
            port, screens = int(sys.argv[1]), int(sys.argv[2])
            began = time.monotonic() + 0.3

            def screen(number):
                shop = http.client.HTTPConnection("127.0.0.1", port)
                turn = 0
                while True:
                    turn = max(turn + 1, int(time.monotonic() - began))
                    time.sleep(max(0.0, began + turn - time.monotonic()))
                    drum = random.randrange(40) if random.random() < 0.7 else random.randrange(40, 5000)
                    shop.request("GET", f"/views/{drum}?mirrors={3 + drum % 4}")
                    shop.getresponse().read()

            services.outside(lambda: clients.crowd(screen, screens))
            """;

    record View(int drum, int mirrors) {}

    record Piece(double x, double y, double size, int colour) {}

    /** The pieces of glass in a drum. */
    static class Drum {
        private final Piece[] pieces = new Piece[PIECES];

        Drum(int number) {
            Random random = new Random(number);
            for (int at = 0; at < PIECES; at++) {
                pieces[at] = new Piece(random.nextDouble(), random.nextDouble() * 0.6, 0.04 + random.nextDouble() * 0.1,
                        random.nextInt(256));
            }
        }

        int colour(double x, double y) {
            double light = 12;
            for (Piece piece : pieces) {
                double dx = x - piece.x();
                double dy = y - piece.y();
                double far = (dx * dx + dy * dy) / (piece.size() * piece.size());
                if (far < 1) {
                    light += piece.colour() * (1 - far);
                }
            }
            return (int) Math.min(255, light);
        }
    }

    /** The wedge is painted once; its mirror images are looked up. */
    static class Painter {
        private static final int RADII = 272;
        private static final int STEPS = 96;

        byte[] paint(View view) {
            Drum drum = new Drum(view.drum());
            byte[] wedge = new byte[RADII * STEPS];
            double opening = Math.PI / view.mirrors();
            for (int step = 0; step < STEPS; step++) {
                double cos = Math.cos(opening * step / STEPS);
                double sin = Math.sin(opening * step / STEPS);
                for (int radius = 0; radius < RADII; radius++) {
                    double far = radius / (double) RADII;
                    wedge[step * RADII + radius] = (byte) drum.colour(far * cos, far * sin);
                }
            }
            byte[] picture = new byte[SIDE * SIDE];
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    double dx = x - SIDE / 2.0;
                    double dy = y - SIDE / 2.0;
                    double angle = Math.atan2(dy, dx) + Math.PI;
                    double within = angle % (2 * opening);
                    if (within > opening) {
                        within = 2 * opening - within;
                    }
                    int step = Math.min(STEPS - 1, (int) (within / opening * STEPS));
                    int radius = Math.min(RADII - 1, (int) Math.sqrt(dx * dx + dy * dy));
                    picture[y * SIDE + x] = wedge[step * RADII + radius];
                }
            }
            return packed(picture);
        }

        private static byte[] packed(byte[] picture) {
            Deflater deflater = new Deflater(Deflater.BEST_SPEED);
            try {
                deflater.setInput(picture);
                deflater.finish();
                byte[] room = new byte[picture.length + 64];
                int length = deflater.deflate(room);
                byte[] packed = new byte[length];
                System.arraycopy(room, 0, packed, 0, length);
                return packed;
            } finally {
                deflater.end();
            }
        }
    }

    /** What was lately painted. */
    static class Gallery {
        private final int most;
        private final Map<View, byte[]> pictures;
        private long hits;
        private long asked;

        Gallery(int most) {
            this.most = most;
            pictures = new LinkedHashMap<>(most * 2, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<View, byte[]> eldest) {
                    return size() > Gallery.this.most;
                }
            };
        }

        synchronized byte[] find(View view) {
            byte[] found = pictures.get(view);
            asked++;
            hits += found == null ? 0 : 1;
            return found;
        }

        synchronized void keep(View view, byte[] picture) {
            pictures.put(view, picture);
        }

        synchronized String account() {
            return String.format("%d of %d were there, %d kept of %d", hits, asked, pictures.size(), most);
        }
    }

    static class Ledger {
        private static final int PAGE = 5000;
        private final StringBuilder waiting = new StringBuilder();
        private final Path path;
        private int lines;

        Ledger(Path path) {
            this.path = path;
        }

        synchronized void note(View view, int bytes) {
            waiting.append(view.drum()).append(';').append(view.mirrors()).append(';').append(bytes).append('\n');
            lines++;
        }

        private synchronized String taken() {
            String text = waiting.toString();
            waiting.setLength(0);
            return text;
        }

        private synchronized OpenOption[] page() {
            if (lines > PAGE) {
                lines = 0;
                return new OpenOption[] {StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING};
            }
            return new OpenOption[] {StandardOpenOption.CREATE, StandardOpenOption.APPEND};
        }

        /** Writes what has come since; begins a new page when one is full. */
        void write() {
            String text = taken();
            try {
                Files.writeString(path, text, page());
            } catch (IOException e) {
                System.err.println("the ledger: " + e.getMessage());
            }
        }
    }

    static class Window {
        private final Gallery gallery = new Gallery(64);
        private final Painter painter = new Painter();
        private final Ledger ledger;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        Window(Ledger ledger) {
            this.ledger = ledger;
        }

        void show(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            try {
                String[] parts = exchange.getRequestURI().getPath().split("/");
                String query = exchange.getRequestURI().getQuery();
                View view = new View(Integer.parseInt(parts[2]),
                        Integer.parseInt(query.substring(query.indexOf('=') + 1)));
                byte[] picture = gallery.find(view);
                if (picture == null) {
                    picture = painter.paint(view);
                    gallery.keep(view, picture);
                }
                ledger.note(view, picture.length);
                exchange.getResponseHeaders().set("Content-Type", "application/x-view");
                answer(exchange, 200, picture);
            } catch (RuntimeException e) {
                answer(exchange, 400, "no such view".getBytes(StandardCharsets.UTF_8));
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Ledger ledger = new Ledger(Path.of("views.csv"));
        Window window = new Window(ledger);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/views/", window::show);
        server.setExecutor(Executors.newFixedThreadPool(2));
        server.start();
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(ledger::write, 1, 1, TimeUnit.SECONDS);
        new ProcessBuilder(System.getenv("PYTHON"), "-c", SCREENS, "" + server.getAddress().getPort(), "44")
                .redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
        Thread.sleep(4000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = window.served.sum();
            System.err.printf("%d served, %.1f ms each; %s%n", served, window.spent.sum() / 1e6 / served,
                    window.gallery.account());
        }
    }
}
