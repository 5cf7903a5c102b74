// expect: pattern=hot-loop bench
// Receivables of a dealer in ships' bunker fuel: bank statements come in several times a second from the banks' link,
// each payment is matched with the open invoice that it names, and posted; new invoices are issued all the time.
// Measured: two statements of 800 payments a second take 0.77 cores; in the twin 0.01.

import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class BunkerInvoices {
    static final int OPEN_INVOICES = 15_000;
    static final int PAYMENTS = 800;
    static final int PERIOD_MILLIS = 500;

    record Invoice(String reference, String ship, BigDecimal amount) {}

    record Payment(String reference, BigDecimal amount, String valueDate) {}

    record Posting(Invoice invoice, BigDecimal paid, BigDecimal difference) {}

    /** What customers still owe, and what has been posted lately. */
    static class Receivables {
        private final List<Invoice> open = new ArrayList<>();
        private final Map<String, BigDecimal> balances = new HashMap<>();
        private final Deque<Posting> journal = new ArrayDeque<>();
        private long unknown;

        void issue(Invoice invoice) {
            open.add(invoice);
            balances.merge(invoice.ship(), invoice.amount(), BigDecimal::add);
        }

        void post(List<Payment> statement) {
            for (Payment payment : statement) { // <- cost
                Invoice invoice = take(payment.reference()); // <- cost
                if (invoice == null) {
                    unknown++;
                    continue;
                }
                BigDecimal difference = invoice.amount().subtract(payment.amount());
                balances.merge(invoice.ship(), payment.amount().negate(), BigDecimal::add);
                journal.addLast(new Posting(invoice, payment.amount(), difference));
                if (journal.size() > 5_000) {
                    journal.removeFirst();
                }
            }
        }

        private Invoice take(String reference) {
            for (Invoice invoice : open) { // <- cost
                if (invoice.reference().equals(reference)) { // <- cost
                    open.remove(invoice); // <- cost
                    return invoice;
                }
            }
            return null;
        }
    }

    /** The bank's link: statements as lines of text, paid for invoices of any age. */
    static class Bank {
        private final Random chance = new Random(5);
        private final List<Invoice> unpaid = new ArrayList<>();

        void learn(Invoice invoice) {
            unpaid.add(invoice);
        }

        List<String> statement() {
            List<String> lines = new ArrayList<>(PAYMENTS);
            for (int i = 0; i < PAYMENTS; i++) {
                if (i % 50 == 0) {
                    lines.add(":61:UNREADABLE" + i + ";17.50;2024-06-30");
                    continue;
                }
                int at = chance.nextInt(unpaid.size());
                Invoice paid = unpaid.get(at);
                unpaid.set(at, unpaid.get(unpaid.size() - 1));
                unpaid.remove(unpaid.size() - 1);
                lines.add(":61:" + paid.reference() + ";" + paid.amount().toPlainString() + ";2024-06-" + (10 + i % 20));
            }
            return lines;
        }
    }

    static Payment parse(String line) {
        int first = line.indexOf(';');
        int second = line.indexOf(';', first + 1);
        return new Payment(
                line.substring(4, first), new BigDecimal(line.substring(first + 1, second)), line.substring(second + 1));
    }

    static int number = 1;

    static Invoice next(Random chance) {
        String reference = String.format("BNK-2024-%07d", number++);
        return new Invoice(reference, "IMO" + chance.nextInt(800), BigDecimal.valueOf(chance.nextInt(90_000_000), 2));
    }

    public static void main(String[] args) throws Exception {
        Random chance = new Random(3);
        Receivables receivables = new Receivables();
        Bank bank = new Bank();
        for (int i = 0; i < OPEN_INVOICES; i++) {
            Invoice invoice = next(chance);
            receivables.issue(invoice);
            bank.learn(invoice);
        }

        BlockingQueue<List<String>> inbox = new ArrayBlockingQueue<>(4);
        BlockingQueue<List<Invoice>> issued = new ArrayBlockingQueue<>(8);
        ScheduledExecutorService link = Executors.newSingleThreadScheduledExecutor();
        link.scheduleAtFixedRate(
                () -> {
                    List<Invoice> fresh = new ArrayList<>();
                    for (int i = 0; i < PAYMENTS - PAYMENTS / 50; i++) {
                        fresh.add(next(chance));
                    }
                    fresh.forEach(bank::learn);
                    try {
                        issued.put(fresh);
                        inbox.put(bank.statement());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                0,
                PERIOD_MILLIS,
                TimeUnit.MILLISECONDS);

        long begun = System.nanoTime();
        boolean told = false;
        while (true) {
            List<String> lines = inbox.take();
            for (List<Invoice> fresh = issued.poll(); fresh != null; fresh = issued.poll()) {
                fresh.forEach(receivables::issue);
            }
            List<Payment> statement = new ArrayList<>(lines.size());
            for (String line : lines) {
                statement.add(parse(line));
            }
            receivables.post(statement);
            if (!told && System.nanoTime() - begun > 3_000_000_000L) {
                System.out.println("ready " + ProcessHandle.current().pid());
                System.out.flush();
                told = true;
            }
        }
    }
}
