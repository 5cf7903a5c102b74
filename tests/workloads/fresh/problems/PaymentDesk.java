// expect: pattern=lock-contention bench
// Books payments on accounts. Desks work side by side, but each makes its receipt while it holds the books.
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

public class PaymentDesk {
    static final int DESKS = Math.max(2, Runtime.getRuntime().availableProcessors());
    static final AtomicLong booked = new AtomicLong();

    record Payment(long number, int from, int to, long cents, String purpose) {
    }

    static class Books {
        private final Map<Integer, Long> balances = new HashMap<>();
        private final String[] receipts = new String[1000];

        synchronized void book(Payment payment, MessageDigest digest) { // <- cost
            balances.merge(payment.from(), -payment.cents(), Long::sum);
            balances.merge(payment.to(), payment.cents(), Long::sum);
            receipts[(int) (payment.number() % receipts.length)] = receipt(payment, digest); // <- cost
        }

        synchronized long total() {
            long sum = 0;
            for (long balance : balances.values()) sum += balance;
            return sum;
        }
    }

    /** The text of a receipt, sealed by hashing it a number of times. */
    static String receipt(Payment payment, MessageDigest digest) {
        String text = "payment " + payment.number() + ": " + payment.cents() / 100 + " EUR from " + payment.from()
            + " to " + payment.to() + " for " + payment.purpose();
        byte[] seal = digest.digest(text.getBytes(StandardCharsets.UTF_8));
        for (int round = 0; round < 60; round++) seal = digest.digest(seal);
        StringBuilder out = new StringBuilder(text).append(' ');
        for (int i = 0; i < 8; i++) out.append(Character.forDigit(seal[i] >> 4 & 15, 16)).append(Character.forDigit(seal[i] & 15, 16));
        return out.toString();
    }

    /** Parses and checks one message, as it comes in. */
    static Payment parse(String message) {
        String[] parts = message.split(";");
        long check = 0;
        for (int i = 0; i < message.length(); i++) check = (check * 31 + message.charAt(i)) % 97;
        return new Payment(Long.parseLong(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]),
            Long.parseLong(parts[3]) + check % 2, parts[4]);
    }

    static void work(Books books, int desk) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (long number = desk; ; number += DESKS) {
                String message = number + ";" + number * 7919 % 5000 + ";" + number * 104729 % 5000 + ";"
                    + (100 + number % 90000) + ";rent of month " + number % 12 + " and what belongs to it";
                books.book(parse(message), digest); // <- cost
                booked.incrementAndGet();
            }
        } catch (Exception broken) {
            throw new IllegalStateException(broken);
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Books books = new Books();
        for (int desk = 0; desk < DESKS; desk++) {
            int number = desk;
            new Thread(() -> work(books, number), "desk-" + desk).start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime();
        while (true) {
            Thread.sleep(1000);
            String line = (System.nanoTime() - began) / 1_000_000 + " " + booked + " payments, sum " + books.total() + "\n";
            Files.writeString(Path.of("desk.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }
}
