// expect: healthy bench
// Finds decorated Easter eggs that look alike: a museum's cases hold thousands of pysanky, each described by a vector
// of its motifs and colours. GET /eggs/N/alike compares an egg with all others, in parts side by side.
//
// Measured: 220 requests a second; CPU 36 % of a core, in the twin (one comparer for each core) 7 %; a request
// takes 1.4 ms, in the twin 0.5 ms.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

public class PysankyPatterns {
    record Settings(int eggs, int motifs, int alike, int comparers, int handlers) {
        static Settings fromProperties() {
            return new Settings(
                    Integer.getInteger("eggs", 4000),
                    Integer.getInteger("motifs", 24),
                    Integer.getInteger("alike", 5),
                    Integer.getInteger("comparers", Runtime.getRuntime().availableProcessors()),
                    Integer.getInteger("handlers", 4));
        }
    }

    record Match(int egg, float likeness) {
        static final Comparator<Match> WORST_FIRST = Comparator.comparingDouble(Match::likeness);
    }

    static class Named implements ThreadFactory {
        private final String name;
        private final AtomicInteger number = new AtomicInteger();

        Named(String name) {
            this.name = name;
        }

        @Override
        public Thread newThread(Runnable work) {
            Thread thread = new Thread(work, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        }
    }

    /** The vectors of all eggs, one after the other, each of length one. */
    static class Motifs {
        private final float[] values;
        private final int width;

        Motifs(int eggs, int width, Random random) {
            this.width = width;
            values = new float[eggs * width];
            for (int egg = 0; egg < eggs; egg++) {
                double sum = 0;
                for (int at = egg * width; at < (egg + 1) * width; at++) {
                    values[at] = (float) Math.pow(random.nextDouble(), 3);
                    sum += values[at] * values[at];
                }
                for (int at = egg * width; at < (egg + 1) * width; at++) {
                    values[at] /= (float) Math.sqrt(sum);
                }
            }
        }

        int eggs() {
            return values.length / width;
        }

        float likeness(int one, int other) {
            float sum = 0;
            for (int at = one * width, to = other * width, end = at + width; at < end; at++, to++) {
                sum += values[at] * values[to];
            }
            return sum;
        }
    }

    static class Comparison {
        private final Motifs motifs;
        private final ExecutorService pool;
        private final int parts;

        Comparison(Motifs motifs, int comparers) {
            this.motifs = motifs;
            pool = Executors.newFixedThreadPool(comparers, new Named("comparer"));
            parts = comparers;
        }

        List<Match> alike(int egg, int wanted) throws InterruptedException, ExecutionException {
            List<Callable<List<Match>>> work = new ArrayList<>();
            int share = (motifs.eggs() + parts - 1) / parts;
            for (int from = 0; from < motifs.eggs(); from += share) {
                int first = from;
                int end = Math.min(from + share, motifs.eggs());
                work.add(() -> best(egg, first, end, wanted));
            }
            List<Match> found = new ArrayList<>();
            for (Future<List<Match>> part : pool.invokeAll(work)) {
                found.addAll(part.get());
            }
            found.sort(Match.WORST_FIRST.reversed());
            return found.subList(0, Math.min(wanted, found.size()));
        }

        private List<Match> best(int egg, int from, int end, int wanted) {
            PriorityQueue<Match> kept = new PriorityQueue<>(wanted, Match.WORST_FIRST);
            for (int other = from; other < end; other++) {
                float likeness = motifs.likeness(egg, other);
                if (other == egg || kept.size() == wanted && likeness <= kept.peek().likeness()) {
                    continue;
                }
                if (kept.size() == wanted) {
                    kept.poll();
                }
                kept.add(new Match(other, likeness));
            }
            return new ArrayList<>(kept);
        }
    }

    static class EggHandler {
        private final Comparison comparison;
        private final Settings settings;
        private final LongAdder served = new LongAdder();
        private final LongAdder spent = new LongAdder();

        EggHandler(Comparison comparison, Settings settings) {
            this.comparison = comparison;
            this.settings = settings;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/");
            try {
                int egg = Integer.parseInt(parts[2]);
                if (egg < 0 || egg >= settings.eggs()) {
                    answer(exchange, 404, "{\"error\": \"no such egg\"}");
                    return;
                }
                answer(exchange, 200, text(comparison.alike(egg, settings.alike())));
            } catch (NumberFormatException e) {
                answer(exchange, 400, "{\"error\": \"not a number\"}");
            } catch (ExecutionException | InterruptedException e) {
                answer(exchange, 500, "{\"error\": \"" + e.getMessage() + "\"}");
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private static String text(List<Match> matches) {
            StringBuilder text = new StringBuilder("[");
            for (Match match : matches) {
                text.append(text.length() > 1 ? ", " : "");
                text.append(String.format(Locale.ROOT, "{\"egg\": %d, \"like\": %.4f}", match.egg(), match.likeness()));
            }
            return text.append("]").toString();
        }

        private static void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        }
    }

    static void visitors(int port, int rate, int eggs) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int egg = 0; egg < eggs; egg += 29) {
            paths.add("/eggs/" + egg + "/alike");
        }
        String clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py").getPath();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "" + rate, "4")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Settings settings = Settings.fromProperties();
        Motifs motifs = new Motifs(settings.eggs(), settings.motifs(), new Random(4));
        EggHandler handler = new EggHandler(new Comparison(motifs, settings.comparers()), settings);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/eggs/", handler::handle);
        server.setExecutor(Executors.newFixedThreadPool(settings.handlers(), new Named("handler")));
        server.start();
        visitors(server.getAddress().getPort(), 220, settings.eggs());
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = handler.served.sum();
            System.err.printf("%d served, %.2f ms each%n", served, handler.spent.sum() / 1e6 / served);
        }
    }
}
