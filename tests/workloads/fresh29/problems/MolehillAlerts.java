// expect: pattern=serial-requests bench
// Alerts of intrusions under the lawns of the national gardens. Each alert of the sensors names what was seen (addresses,
// file hashes, host names); before a ranger gets it, every one of them is looked up at the reputation service, and the alert
// gets a rank. The service takes about 15 ms for an answer.
//
// Measured: an alert takes 178-187 ms in the problem, 29-35 ms in the twin (the first seconds included).

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class MolehillAlerts {
    static final int INDICATORS = 10;
    static final int KEPT = 200;
    static final long EVERY_MS = 250;

    record Alert(long number, String garden, long seenAt, List<String> indicators) {}

    record Verdict(String indicator, int badness, boolean known) {}

    record Ranked(Alert alert, int rank, String reason, long tookMs) {}

    /** What the reputation service knows of an indicator. */
    static class Reputation {
        private static final Pattern PRICE = Pattern.compile("\"price\":\\s*(\\d+)");
        private static final Pattern STOCK = Pattern.compile("\"stock\":\\s*(\\d+)");
        private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(2)).build();
        private final String base;

        Reputation(int port) {
            base = "http://127.0.0.1:" + port + "/reputation/";
        }

        private HttpRequest request(String indicator) {
            return HttpRequest.newBuilder(URI.create(base + indicator)).timeout(Duration.ofSeconds(3)).build();
        }

        Verdict lookUp(String indicator) {
            try {
                return read(indicator, http.send(request(indicator), HttpResponse.BodyHandlers.ofString())); // <- cost
            } catch (IOException e) {
                return new Verdict(indicator, 0, false);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return new Verdict(indicator, 0, false);
            }
        }

        private Verdict read(String indicator, HttpResponse<String> answer) {
            if (answer.statusCode() != 200) return new Verdict(indicator, 0, false);
            return new Verdict(indicator, number(PRICE, answer.body()) / 10, number(STOCK, answer.body()) > 0);
        }

        private static int number(Pattern pattern, String body) {
            Matcher matcher = pattern.matcher(body);
            return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
        }
    }

    static class Desk {
        private final Reputation reputation;
        private final PriorityQueue<Ranked> worst = new PriorityQueue<>(Comparator.comparingInt(Ranked::rank));
        private long waited;
        private long ranked;

        Desk(Reputation reputation) {
            this.reputation = reputation;
        }

        List<Verdict> enrich(Alert alert) {
            List<Verdict> verdicts = new ArrayList<>();
            for (String indicator : alert.indicators()) { // <- cost
                verdicts.add(reputation.lookUp(indicator)); // <- cost
            }
            return verdicts;
        }

        void take(Alert alert) {
            long begun = System.nanoTime();
            List<Verdict> verdicts = enrich(alert); // <- cost
            int rank = 0;
            int unknown = 0;
            Verdict top = verdicts.get(0);
            for (Verdict verdict : verdicts) {
                rank += verdict.badness();
                if (!verdict.known()) unknown++;
                if (verdict.badness() > top.badness()) top = verdict;
            }
            if (unknown > INDICATORS / 2) rank += 50;
            if (alert.garden().equals("palace")) rank *= 2;
            long took = (System.nanoTime() - begun) / 1_000_000;
            keep(new Ranked(alert, rank, top.indicator() + " is " + top.badness() + " bad", took));
        }

        private synchronized void keep(Ranked one) {
            worst.add(one);
            if (worst.size() > KEPT) worst.poll();
            waited += one.tookMs();
            ranked++;
        }

        synchronized String summary() {
            Ranked least = worst.peek();
            return String.format(Locale.ROOT, "%d ranked, %.1f ms each, least kept: %s", ranked,
                    ranked == 0 ? 0.0 : (double) waited / ranked, least == null ? "-" : least.reason());
        }
    }

    static Alert sensed(long number, Random random) {
        String[] gardens = {"palace", "orchard", "maze", "fernery"};
        List<String> indicators = new ArrayList<>();
        for (int i = 0; i < INDICATORS; i++) {
            switch (i % 3) {
                case 0 -> indicators.add("ip-10." + random.nextInt(256) + "." + random.nextInt(256) + "." + random.nextInt(256));
                case 1 -> indicators.add("sha1-" + Long.toHexString(random.nextLong()) + Long.toHexString(random.nextLong()));
                default -> indicators.add("host-burrow" + random.nextInt(90000) + ".example");
            }
        }
        return new Alert(number, gardens[random.nextInt(4)], System.currentTimeMillis(), indicators);
    }

    static int startService(String milliseconds) throws IOException {
        Process service = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", milliseconds)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = new BufferedReader(new InputStreamReader(service.getInputStream()))) {
            return Integer.parseInt(said.readLine().trim());
        }
    }

    public static void main(String[] args) throws Exception {
        Desk desk = new Desk(new Reputation(startService("15")));
        BlockingQueue<Alert> alerts = new ArrayBlockingQueue<>(100);
        Random random = new Random(7);
        long[] number = {0};
        var timers = Executors.newScheduledThreadPool(1);
        timers.scheduleAtFixedRate(() -> alerts.offer(sensed(number[0]++, random)), 0, EVERY_MS, TimeUnit.MILLISECONDS);
        timers.scheduleAtFixedRate(() -> System.err.println(desk.summary()), 8, 8, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            desk.take(alerts.take());
        }
    }
}
