// expect: healthy bench
// Lends parasols on a long beach: when a shuttle comes in, a dozen bathers hold their cards to the kiosks. The desk
// asks the wind cast how gusty it is going to be on that stretch (which takes 10 ms), works out the deposit, and hands
// out a parasol; twice a second the kiosks report what was put back. A card must not have two parasols.
//
// Measured: a request takes 73 ms, in the twin 11 ms; both serve 50 a second. CPU 0.04 of a core, in the twin 0.035.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;

public class ParasolKiosks {
    static final int KIOSKS = 24;
    static final int HANDLERS = 16;

    static final String WINDCAST = """
            import os, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services

            def answer(path):
                time.sleep(0.01)
                stretch = int(path.rpartition("/")[2])
                return b'{"stretch": %d, "tenths": %d}' % (stretch, stretch * 37 % 90)

            print(services.http_service(answer), flush=True)
            """;
    static final String SHUTTLES = """
            import http.client, os, sys, threading, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services
            port, people, period, kiosks = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])

            def bather(person, began):
                desk = http.client.HTTPConnection("127.0.0.1", port)
                turn = 0
                while True:
                    turn = max(turn + 1, int((time.monotonic() - began) / period))
                    time.sleep(max(0.0, began + turn * period - time.monotonic()))
                    kiosk, card = (turn * 5 + person) % kiosks, person * 10 + turn % 10
                    desk.request("POST", f"/kiosks/{kiosk}/rent?C{card:05}")
                    desk.getresponse().read()

            def collector(began):
                desk = http.client.HTTPConnection("127.0.0.1", port)
                turn = 0
                while True:
                    time.sleep(max(0.0, began + 0.6 * period + turn * 2 * period - time.monotonic()))
                    back = [f"C{p * 10 + (2 * turn + i + 6) % 10:05}" for p in range(people) for i in (0, 1)]
                    desk.request("POST", f"/kiosks/{turn % kiosks}/returns?{','.join(back)}")
                    desk.getresponse().read()
                    turn = max(turn + 1, int((time.monotonic() - began) / period / 2))

            def come():
                began = time.monotonic() + 0.2
                for person in range(people):
                    threading.Thread(target=bather, args=(person, began)).start()
                collector(began)

            services.outside(come)
            """;

    record Rental(String card, int kiosk, int deposit, long since) {}

    static class Kiosk {
        final int stretch;
        int parasols = 200;

        Kiosk(int stretch) {
            this.stretch = stretch;
        }
    }

    static class WindCast {
        private final String base;

        WindCast(int port) {
            base = "http://127.0.0.1:" + port + "/stretches/";
        }

        double gusts(int stretch) throws IOException {
            HttpURLConnection asked = (HttpURLConnection) new URL(base + stretch).openConnection();
            asked.setConnectTimeout(1000);
            asked.setReadTimeout(2000);
            try (InputStream in = asked.getInputStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                int from = text.indexOf("\"tenths\": ");
                if (from < 0) {
                    throw new IOException("no gusts in " + text);
                }
                return Integer.parseInt(text.substring(from + 10, text.indexOf('}', from))) / 10.0;
            } catch (FileNotFoundException e) {
                return 0; // not a stretch that it knows
            }
        }
    }

    /** Who has which parasol, and how many are left. */
    static class Desk {
        private final WindCast windCast;
        private final Kiosk[] kiosks = new Kiosk[KIOSKS];
        private final Map<String, Rental> lent = new HashMap<>();
        private final ReentrantLock lock = new ReentrantLock();
        private long fees;

        Desk(WindCast windCast) {
            this.windCast = windCast;
            for (int i = 0; i < KIOSKS; i++) {
                kiosks[i] = new Kiosk(i / 2);
            }
        }

        private int deposit(double gusts) {
            return 500 + (int) Math.round(100 * Math.sqrt(Math.min(gusts, 8)));
        }

        /** The rental, or null if the card has a parasol already, or the kiosk has none. */
        Rental rent(int number, String card) throws IOException {
            Kiosk kiosk = kiosks[number];
            double gusts = windCast.gusts(kiosk.stretch);
            lock.lock();
            try {
                if (kiosk.parasols == 0 || lent.containsKey(card)) {
                    return null;
                }
                Rental rental = new Rental(card, number, deposit(gusts), now());
                kiosk.parasols--;
                lent.put(card, rental);
                return rental;
            } finally {
                lock.unlock();
            }
        }

        int giveBack(List<String> cards) {
            int known = 0;
            lock.lock();
            try {
                for (String card : cards) {
                    Rental rental = lent.remove(card);
                    if (rental != null) {
                        known++;
                        fees += 50 + (now() - rental.since()) / 36_000;
                        kiosks[rental.kiosk()].parasols++; // (the tractor brings it back there)
                    }
                }
            } finally {
                lock.unlock();
            }
            return known;
        }

        String state() {
            lock.lock();
            try {
                return lent.size() + " lent, fees " + fees;
            } finally {
                lock.unlock();
            }
        }

        private static long now() {
            return System.currentTimeMillis();
        }
    }

    static class Api {
        private final Desk desk;
        final LongAdder served = new LongAdder();
        final LongAdder spent = new LongAdder();

        Api(Desk desk) {
            this.desk = desk;
        }

        void handle(HttpExchange exchange) throws IOException {
            long began = System.nanoTime();
            String[] parts = exchange.getRequestURI().getPath().split("/"); // /kiosks/7/rent
            String cards = exchange.getRequestURI().getQuery();
            int kiosk = parts.length > 3 ? number(parts[2]) : KIOSKS;
            if (kiosk >= KIOSKS || cards == null) {
                answer(exchange, 404, "{}");
                return;
            }
            try {
                if (parts[3].equals("rent")) {
                    rent(exchange, kiosk, cards);
                } else {
                    answer(exchange, 200, "{\"back\": " + desk.giveBack(List.of(cards.split(","))) + "}");
                }
            } catch (IOException e) {
                answer(exchange, 503, "{\"error\": \"the wind cast does not answer\"}");
            }
            served.increment();
            spent.add(System.nanoTime() - began);
        }

        private static int number(String text) {
            try {
                return Integer.parseUnsignedInt(text);
            } catch (NumberFormatException e) {
                return KIOSKS;
            }
        }

        private void rent(HttpExchange exchange, int kiosk, String card) throws IOException {
            Rental rental = desk.rent(kiosk, card);
            if (rental == null) {
                answer(exchange, 409, "{\"error\": \"no parasol for " + card + "\"}");
            } else {
                answer(exchange, 200, "{\"card\": \"" + card + "\", \"deposit\": " + rental.deposit() + "}");
            }
        }

        private static void answer(HttpExchange exchange, int status, String text) throws IOException {
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
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

    /** So that no customer waits for pages of memory. */
    static void touchHeap() {
        byte[][] some = new byte[16][];
        for (int i = 0; i < 2000; i++) {
            some[i % some.length] = new byte[65_536];
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        touchHeap();
        System.setProperty("http.maxConnections", "" + HANDLERS);
        Desk desk = new Desk(new WindCast(Integer.parseInt(python(WINDCAST))));
        Api api = new Api(desk);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/kiosks/", api::handle);
        server.setExecutor(Executors.newFixedThreadPool(HANDLERS));
        server.start();
        python(SHUTTLES, "" + server.getAddress().getPort(), "12", "0.25", "" + KIOSKS);
        Thread.sleep(3000);
        api.served.reset();
        api.spent.reset();
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long served = api.served.sumThenReset();
            System.err.printf("%d served, %.1f ms each, %s%n", served, api.spent.sumThenReset() / 1e6 / served,
                    desk.state());
        }
    }
}
