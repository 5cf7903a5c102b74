// expect: healthy bench
// The niches of the crypt: a store of sealed certificates. Chapels ask for the certificate of a niche and get it with a fresh
// seal (an HMAC over the certificate, the chapel and the time), or for the niches whose certificates expire soon. New
// certificates come in now and then. About 400 questions a second.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class CryptNiches {
    static final int NICHES = 2000;
    static final byte[] SEAL = "sub rosa".getBytes(StandardCharsets.UTF_8);

    record Certificate(int niche, long serial, long expires, byte[] body, String fingerprint) {}

    static class Store {
        private final ConcurrentHashMap<Integer, Certificate> byNiche = new ConcurrentHashMap<>();
        private final NavigableMap<Long, Certificate> byExpiry = new ConcurrentSkipListMap<>();

        void put(int niche, long serial, long expires, byte[] body) throws GeneralSecurityException {
            String fingerprint = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
            Certificate one = new Certificate(niche, serial, expires, body, fingerprint);
            Certificate before = byNiche.put(niche, one);
            if (before != null) byExpiry.remove(key(before), before);
            byExpiry.put(key(one), one);
        }

        /** Orders by expiry; the niche makes it unique. */
        private static long key(Certificate one) {
            return one.expires() * NICHES + one.niche();
        }

        Certificate of(int niche) {
            return byNiche.get(niche);
        }

        List<Certificate> soonest(int number) {
            List<Certificate> list = new ArrayList<>(number);
            for (Certificate one : byExpiry.values()) {
                if (list.size() == number) break;
                list.add(one);
            }
            return list;
        }
    }

    static class Sealer {
        private final ThreadLocal<Mac> macs = ThreadLocal.withInitial(() -> {
            try {
                Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(SEAL, "HmacSHA256"));
                return mac;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        });

        String seal(Certificate one, String chapel, long second) {
            Mac mac = macs.get();
            mac.update(one.body());
            mac.update(chapel.getBytes(StandardCharsets.UTF_8));
            mac.update(Long.toString(second).getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(mac.doFinal());
        }
    }

    private final Store store;
    private final Sealer sealer = new Sealer();

    CryptNiches(Store store) {
        this.store = store;
    }

    /** /niche/NUMBER/CHAPEL */
    void niche(HttpExchange exchange) throws IOException {
        String[] words = exchange.getRequestURI().getPath().split("/");
        Certificate one = null;
        if (words.length == 4) {
            try {
                one = store.of(Integer.parseInt(words[2]));
            } catch (NumberFormatException e) {
                answer(exchange, 400, "{\"error\":\"no number\"}");
                return;
            }
        }
        if (one == null) {
            answer(exchange, 404, "{\"error\":\"no such niche\"}");
            return;
        }
        long second = System.currentTimeMillis() / 1000;
        answer(exchange, 200, "{\"niche\":" + one.niche() + ",\"serial\":" + one.serial() + ",\"expires\":" + one.expires()
                + ",\"print\":\"" + one.fingerprint() + "\",\"body\":\"" + Base64.getEncoder().encodeToString(one.body())
                + "\",\"at\":" + second + ",\"seal\":\"" + sealer.seal(one, words[3], second) + "\"}");
    }

    /** /expiring */
    void expiring(HttpExchange exchange) throws IOException {
        StringBuilder text = new StringBuilder("[");
        for (Certificate one : store.soonest(20)) {
            if (text.length() > 1) text.append(',');
            text.append("{\"niche\":").append(one.niche()).append(",\"expires\":").append(one.expires()).append('}');
        }
        answer(exchange, 200, text.append(']').toString());
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length);
        try (var out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    static void renew(Store store, Random random, int niche) {
        byte[] body = new byte[900];
        random.nextBytes(body);
        long now = System.currentTimeMillis() / 1000;
        try {
            store.put(niche, random.nextInt(1 << 30), now + 3600 + random.nextInt(90 * 86400), body);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static void chapels(int port) throws IOException, InterruptedException {
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 300; i++) paths.add("/niche/" + i * 37 % (NICHES + 20) + "/chapel" + i % 17);
        for (int i = 0; i < 15; i++) paths.add("/expiring");
        String clients = Path.of(System.getenv("SERVICES")).resolveSibling("clients.py").toString();
        new ProcessBuilder(System.getenv("PYTHON"), clients, "http", "" + port, String.join(",", paths), "400", "8")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Store store = new Store();
        Random random = new Random(5);
        for (int niche = 0; niche < NICHES; niche++) renew(store, random, niche);
        CryptNiches niches = new CryptNiches(store);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/niche/", niches::niche);
        server.createContext("/expiring", niches::expiring);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        ThreadFactory daemon = work -> {
            Thread thread = new Thread(work, "renewals");
            thread.setDaemon(true);
            return thread;
        };
        Executors.newSingleThreadScheduledExecutor(daemon).scheduleAtFixedRate(
                () -> renew(store, random, random.nextInt(NICHES)), 200, 200, TimeUnit.MILLISECONDS);
        chapels(server.getAddress().getPort());
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
