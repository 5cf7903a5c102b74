// expect: pattern=lock-contention bench
// A farm of medicinal leeches sells to hospitals. Before leeches are set, a ward asks for the certificate of their batch:
// when they were last fed, how long they were kept in quarantine, which germs the laboratory found. The laboratory holds
// the findings; those of the batches that are asked for most are kept here. Each certificate is sealed when it goes out.
//
// Measured: a certificate takes 14.5 ms, in the twin 5.3 ms (the 40 % that ask the laboratory, 13 ms); so two thirds of
// the time are waits for the lock. CPU: 4 % in both.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class LeechFarm {
    static final int BATCHES = 300;
    static final int KEPT = 180;
    static final int RATE = 145;

    record Findings(String batch, int quarantineDays, int germs, long fetchedAt) {
        boolean releasable() {
            return quarantineDays >= 42 && germs < 900;
        }
    }

    static class UnknownBatch extends Exception {
        UnknownBatch(String batch) {
            super("no such batch: " + batch);
        }
    }

    /** Asks the laboratory. */
    static class Laboratory {
        private final String base;

        Laboratory(int port) {
            base = "http://127.0.0.1:" + port + "/findings/";
        }

        Findings ask(String batch) throws IOException {
            HttpURLConnection connection = (HttpURLConnection) new URL(base + batch).openConnection();
            connection.setConnectTimeout(2_000);
            connection.setReadTimeout(5_000);
            if (connection.getResponseCode() != 200) {
                throw new IOException("the laboratory says " + connection.getResponseCode());
            }
            String body;
            try (InputStream in = connection.getInputStream()) {
                body = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
            return new Findings(batch, 40 + number(body, "stock"), number(body, "price"), System.currentTimeMillis());
        }

        private static int number(String json, String field) throws IOException {
            int at = json.indexOf('"' + field + '"');
            if (at < 0) {
                throw new IOException("no " + field + " in " + json);
            }
            int from = json.indexOf(':', at) + 1;
            while (json.charAt(from) == ' ') {
                from++;
            }
            int to = from;
            while (Character.isDigit(json.charAt(to))) {
                to++;
            }
            return Integer.parseInt(json.substring(from, to));
        }
    }

    /** The findings of the batches that were asked for last. */
    static class FindingsStore {
        private final Laboratory laboratory;
        private final Map<String, Findings> kept;
        private long asked;
        private long fetched;

        FindingsStore(Laboratory laboratory) {
            this.laboratory = laboratory;
            this.kept = new LinkedHashMap<>(KEPT * 2, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Findings> eldest) {
                    return size() > KEPT;
                }
            };
        }

        synchronized Findings of(String batch) throws IOException { // <- cost
            asked++;
            Findings known = kept.get(batch);
            if (known == null) {
                known = laboratory.ask(batch); // <- cost
                fetched++;
                kept.put(batch, known);
            }
            return known;
        }

        synchronized String state() {
            return asked + " asked, " + fetched + " fetched, " + kept.size() + " kept";
        }
    }

    /** Seals what goes out, so that a ward can prove it. */
    static class Seal {
        private final SecretKeySpec key = new SecretKeySpec("hirudo verbana".getBytes(StandardCharsets.UTF_8),
                "HmacSHA256");
        private final ThreadLocal<Mac> macs = ThreadLocal.withInitial(this::mac);

        private Mac mac() {
            try {
                Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(key);
                return mac;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }

        String of(String text) {
            return HexFormat.of().formatHex(macs.get().doFinal(text.getBytes(StandardCharsets.UTF_8)));
        }
    }

    static class CertificateService {
        private static final Pattern BATCH = Pattern.compile("hv-\\d{1,3}");

        private final FindingsStore store;
        private final Seal seal = new Seal();

        CertificateService(FindingsStore store) {
            this.store = store;
        }

        String certify(String batch) throws IOException, UnknownBatch {
            if (!BATCH.matcher(batch).matches()) {
                throw new UnknownBatch(batch);
            }
            Findings findings = store.of(batch);
            StringBuilder text = new StringBuilder(256);
            text.append("{\"batch\": \"").append(batch).append("\", \"quarantine\": ").append(findings.quarantineDays());
            text.append(", \"germs\": ").append(findings.germs());
            text.append(", \"released\": ").append(findings.releasable());
            text.append(", \"advice\": [");
            List<String> advice = advice(findings);
            for (int i = 0; i < advice.size(); i++) {
                text.append(i == 0 ? "\"" : ", \"").append(advice.get(i)).append('"');
            }
            text.append("], \"seal\": \"").append(seal.of(text.toString())).append("\"}\n");
            return text.toString();
        }

        private static List<String> advice(Findings findings) {
            List<String> advice = new ArrayList<>();
            if (findings.germs() > 500) {
                advice.add("ciprofloxacin as prophylaxis");
            }
            if (findings.quarantineDays() > 50) {
                advice.add("hungry: may bite at once");
            }
            if (!findings.releasable()) {
                advice.add("do not set");
            }
            return advice;
        }
    }

    static class CertificateResource {
        private final CertificateService service;
        private final LongAdder answered = new LongAdder();
        private final LongAdder nanos = new LongAdder();

        CertificateResource(CertificateService service) {
            this.service = service;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String path = exchange.getRequestURI().getPath();
            int status = 200;
            String body;
            try {
                body = service.certify(path.substring(path.lastIndexOf('/') + 1));
            } catch (UnknownBatch e) {
                status = 404;
                body = "{\"error\": \"" + e.getMessage() + "\"}\n";
            } catch (IOException e) {
                status = 502;
                body = "{\"error\": \"the laboratory does not answer\"}\n";
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
            answered.increment();
            nanos.add(System.nanoTime() - began);
        }
    }

    static int laboratory() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "12")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return Integer.parseInt(told.readLine().trim());
        }
    }

    /** The wards, in a process of their own. */
    static void wards(int port) throws IOException, InterruptedException {
        StringBuilder paths = new StringBuilder();
        for (int batch = 0; batch < BATCHES; batch++) {
            paths.append(batch == 0 ? "" : ",").append("/certificates/hv-").append(batch);
        }
        String clients = System.getenv("SERVICES").replace("services.py", "clients.py");
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, paths.toString(), "" + RATE, "16")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("http.maxConnections", "16");
        FindingsStore store = new FindingsStore(new Laboratory(laboratory()));
        CertificateResource resource = new CertificateResource(new CertificateService(store));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/certificates/", resource::handle);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
        wards(server.getAddress().getPort());
        Thread.sleep(9_000);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(5_000);
            System.err.printf("%d certificates, %.1f ms each; %s%n", resource.answered.sum(),
                    resource.nanos.sum() / 1e6 / Math.max(1, resource.answered.sum()), store.state());
        }
    }
}
