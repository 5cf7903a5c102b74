// expect: healthy bench
// Takes the coupons of a shop in: asks a service whether a coupon may be used, and counts how often it was.
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

public class CouponDesk {
    static final int COUNTERS = 8;
    static final int COUPONS = 3000;

    /** Asks the service whether a coupon may be used, over a line that stays open. */
    static class Checks {
        private final Socket line;
        private final InputStream in;
        private final OutputStream out;
        private final byte[] buffer = new byte[4096];

        Checks(int port) throws IOException {
            line = new Socket("127.0.0.1", port);
            line.setTcpNoDelay(true);
            in = line.getInputStream();
            out = line.getOutputStream();
        }

        boolean allowed(String coupon) throws IOException {
            out.write(("GET /coupons/" + coupon + " HTTP/1.1\r\nHost: checks\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            while (true) {
                int got = in.read(buffer);
                if (got < 0) throw new IOException("the service hung up");
                answer.write(buffer, 0, got);
                String text = answer.toString(StandardCharsets.UTF_8);
                if (text.endsWith("}")) return !text.contains("\"stock\": 0}");
            }
        }
    }

    /** How often each coupon was used; nobody may use one more often than it allows. */
    static class Coupons {
        private final Map<String, Integer> used = new ConcurrentHashMap<>();
        private final LongAdder refused = new LongAdder();

        boolean redeem(String coupon, Checks checks) throws IOException {
            if (used.getOrDefault(coupon, 0) < 1000 && checks.allowed(coupon)) {
                int after = used.merge(coupon, 1, Integer::sum);
                if (after <= 1000) return true;
                used.merge(coupon, -1, Integer::sum);
            }
            refused.increment();
            return false;
        }

        int known() {
            return used.size();
        }
    }

    /** A customer stands at a counter with his basket. */
    static long total(long number) {
        long cents = 0;
        for (int i = 0; i < 2000; i++) cents += (number * 31 + i * 7919L) % 9973 * (1 + i % 3) % 61;
        return cents;
    }

    static final Coupons coupons = new Coupons();
    static final AtomicLong served = new AtomicLong(), given = new AtomicLong();

    static void counter(int first, int port) {
        try {
            Checks checks = new Checks(port);
            for (long number = first;; number += COUNTERS) {
                long cents = total(number);
                String coupon = "c" + number * 7919 % COUPONS;
                if (coupons.redeem(coupon, checks)) given.addAndGet(cents / 10);
                served.incrementAndGet();
            }
        } catch (IOException broken) {
            System.err.println("a counter is closed: " + broken.getMessage());
        }
    }

    public static void main(String[] arguments) throws Exception {
        String python = System.getenv().getOrDefault("PYTHON", "python3");
        Process starts = new ProcessBuilder(python, System.getenv("SERVICES"), "http", "2")
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        int port = Integer.parseInt(new String(starts.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim());
        for (int i = 0; i < COUNTERS; i++) {
            int first = i;
            new Thread(() -> counter(first, port), "counter " + i).start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime();
        while (true) {
            Thread.sleep(1000);
            String line = (System.nanoTime() - began) / 1_000_000 + " " + served + " customers, " + coupons.known()
                + " coupons, " + given.get() / 100 + " EUR given\n";
            Files.writeString(Path.of("coupons.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
