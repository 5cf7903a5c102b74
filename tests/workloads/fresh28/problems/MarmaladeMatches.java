// expect: pattern=repeated-computation bench
// Marmalade matches: the "more like this jar" service of a preserves shop.
//
// GET /similar/ID answers with the ten jars whose flavour notes are closest to those of the jar: TF-IDF weights over
// the notes that tasters counted, compared by cosine. The catalogue is read when the service starts.
//
// Measured: 0.35 cores (median latency 5.9 ms) with the problem, 0.08 cores (1.4 ms) repaired, at 60 requests a second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.Executors;

public class MarmaladeMatches {
    static final int JARS = 4000;
    static final int NOTES = 48;
    static final int RATE = 60;

    /** A jar of the catalogue, with how often tasters named each note. */
    record Jar(int id, String name, int[] counts) {}

    record Match(int at, float closeness) {}

    /** The jars as vectors of length one, weighted by TF-IDF. */
    static final class FlavourSpace {
        final float[][] vectors;

        FlavourSpace(List<Jar> jars) {
            double[] rarity = new double[NOTES];
            for (Jar jar : jars) {
                for (int note = 0; note < NOTES; note++) {
                    if (jar.counts()[note] > 0) {
                        rarity[note]++;
                    }
                }
            }
            for (int note = 0; note < NOTES; note++) {
                rarity[note] = Math.log((1.0 + jars.size()) / (1.0 + rarity[note])) + 1;
            }
            vectors = new float[jars.size()][];
            for (int at = 0; at < vectors.length; at++) { // <- cost
                vectors[at] = weigh(jars.get(at).counts(), rarity); // <- cost
            }
        }

        private static float[] weigh(int[] counts, double[] rarity) {
            float[] weights = new float[NOTES];
            double squares = 0;
            for (int note = 0; note < NOTES; note++) { // <- cost
                double weight = Math.log1p(counts[note]) * rarity[note]; // <- cost
                weights[note] = (float) weight;
                squares += weight * weight;
            }
            float length = (float) Math.max(Math.sqrt(squares), 1e-9);
            for (int note = 0; note < NOTES; note++) {
                weights[note] /= length;
            }
            return weights;
        }

        List<Match> closest(int jar, int number) {
            float[] asked = vectors[jar];
            PriorityQueue<Match> best = new PriorityQueue<>((a, b) -> Float.compare(a.closeness(), b.closeness()));
            for (int at = 0; at < vectors.length; at++) {
                if (at == jar) {
                    continue;
                }
                float[] other = vectors[at];
                float sum = 0;
                for (int note = 0; note < NOTES; note++) {
                    sum += asked[note] * other[note];
                }
                if (best.size() < number) {
                    best.add(new Match(at, sum));
                } else if (sum > best.peek().closeness()) {
                    best.poll();
                    best.add(new Match(at, sum));
                }
            }
            List<Match> matches = new ArrayList<>(best);
            matches.sort((a, b) -> Float.compare(b.closeness(), a.closeness()));
            return matches;
        }
    }

    private final List<Jar> jars;

    MarmaladeMatches(List<Jar> jars) {
        this.jars = jars;
    }

    static List<Jar> catalogue() {
        Random random = new Random(17);
        String[] fruits = {"seville", "bergamot", "yuzu", "lime", "quince", "grapefruit", "kumquat"};
        List<Jar> jars = new ArrayList<>();
        for (int id = 0; id < JARS; id++) {
            int[] counts = new int[NOTES];
            for (int taster = 0; taster < 60; taster++) {
                counts[(int) Math.min(NOTES - 1, Math.abs(random.nextGaussian()) * 14 + id % 7)]++;
            }
            jars.add(new Jar(id, fruits[id % fruits.length] + " " + id, counts));
        }
        return jars;
    }

    String similar(int id) {
        FlavourSpace space = new FlavourSpace(jars); // <- cost
        List<Match> matches = space.closest(id, 10);
        StringJoiner body = new StringJoiner(",", "{\"jar\":" + id + ",\"similar\":[", "]}");
        for (Match match : matches) {
            Jar jar = jars.get(match.at());
            body.add("{\"id\":" + jar.id() + ",\"name\":\"" + jar.name() + "\",\"closeness\":" + match.closeness() + "}");
        }
        return body.toString();
    }

    void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            int status = 200;
            String answer;
            try {
                int id = Integer.parseInt(path.substring("/similar/".length()));
                if (id < 0 || id >= jars.size()) {
                    throw new NumberFormatException("no such jar");
                }
                answer = similar(id);
            } catch (NumberFormatException wrong) {
                status = 404;
                answer = "{\"error\":\"no such jar\"}";
            }
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    public static void main(String[] arguments) throws Exception {
        MarmaladeMatches service = new MarmaladeMatches(catalogue());
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/similar/", service::handle);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        StringJoiner paths = new StringJoiner(",");
        for (int id = 0; id < JARS; id += 53) {
            paths.add("/similar/" + id);
        }
        File clients = new File(new File(System.getenv("SERVICES")).getParentFile(), "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients.getPath(), "http",
                Integer.toString(server.getAddress().getPort()), paths.toString(), Integer.toString(RATE), "6")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        Thread.sleep(4000);
        System.out.println("ready " + ProcessHandle.current().pid());
    }
}
