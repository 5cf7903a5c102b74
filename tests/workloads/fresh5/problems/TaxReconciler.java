// expect: pattern=hot-loop bench
// Brings the payments of a day together with the tax assessments that they are for, office by office, and lists what is
// left over.
// Measured: 9.4 us of a core for each payment, 1.5 us in the twin; 40,000 payments a second, 200,000 there.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

public class TaxReconciler {
    static final int OFFICES = 9;
    static final int ASSESSMENTS = 700;

    enum Outcome { PAID, TOO_LITTLE, TOO_MUCH, UNKNOWN }

    record Assessment(String reference, int period, long cents) {}

    record Payment(String reference, int period, long cents, String payer) {}

    /** The lines of the bank: reference, period, amount and payer between bars. */
    static class Statement {
        static List<String> of(int day, List<Assessment> assessments) {
            SplittableRandom chance = new SplittableRandom(day);
            List<String> lines = new ArrayList<>();
            for (Assessment one : assessments) {
                int luck = chance.nextInt(100);
                if (luck < 6) continue; // pays tomorrow
                long cents = one.cents() + (luck < 12 ? -500 : luck < 16 ? 700 : 0);
                String reference = luck > 96 ? "X" + one.reference() : one.reference();
                lines.add(reference + "|" + one.period() + "|" + cents / 100 + "," + cents / 10 % 10 + cents % 10 + "|Payer " + luck * 31);
            }
            for (int i = lines.size() - 1; i > 0; i--) {
                int other = chance.nextInt(i + 1);
                lines.set(i, lines.set(other, lines.get(i)));
            }
            return lines;
        }

        static Payment parse(String line) {
            String[] fields = line.split("\\|");
            if (fields.length != 4) throw new IllegalArgumentException("not a payment: " + line);
            long cents = Long.parseLong(fields[2].replace(",", ""));
            return new Payment(fields[0], Integer.parseInt(fields[1]), cents, fields[3]);
        }
    }

    /** What an office waits for. */
    static class Office {
        final int number;
        final List<Assessment> assessments = new ArrayList<>();
        final Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);

        Office(int number, int day) {
            this.number = number;
            for (int i = 0; i < ASSESSMENTS; i++) {
                String reference = number + "/" + i * 7919 % 99991 + "/" + (4000 + i % 997);
                long cents = 5000 + (i * 104729L + day * 31L) % 900000;
                assessments.add(new Assessment(reference, 202600 + 1 + day % 12, cents));
            }
        }

        /** The assessment that a payment is for. */
        Assessment find(Payment payment) {
            for (Assessment one : assessments) { // <- cost
                if (one.period() == payment.period() && one.reference().equals(payment.reference())) return one; // <- cost
            }
            return null;
        }

        Outcome settle(Payment payment) {
            Assessment due = find(payment); // <- cost
            if (due == null) return Outcome.UNKNOWN;
            if (payment.cents() == due.cents()) return Outcome.PAID;
            return payment.cents() < due.cents() ? Outcome.TOO_LITTLE : Outcome.TOO_MUCH;
        }
    }

    static long reconcile(Office office, List<String> lines) throws IOException {
        long cents = 0;
        try (BufferedWriter rest = Files.newBufferedWriter(Path.of("office-" + office.number + ".txt"))) {
            for (String line : lines) {
                Payment payment = Statement.parse(line);
                Outcome outcome = office.settle(payment); // <- cost
                office.outcomes.merge(outcome, 1, Integer::sum);
                if (outcome == Outcome.PAID) cents += payment.cents();
                else rest.append(outcome.name()).append(' ').append(payment.reference()).append(' ').append(payment.payer()).append('\n');
            }
        }
        return cents;
    }

    public static void main(String[] arguments) throws IOException {
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime(), told = began, payments = 0, cents = 0;
        for (int day = 0;; day++) {
            for (int number = 0; number < OFFICES; number++) {
                Office office = new Office(number, day);
                List<String> lines = Statement.of(day, office.assessments);
                cents += reconcile(office, lines);
                payments += lines.size();
                if (System.nanoTime() - told > 1_000_000_000L) {
                    told = System.nanoTime();
                    String text = String.format("%d %d payments, %d EUR, %s%n", (told - began) / 1_000_000, payments, cents / 100, office.outcomes);
                    Files.writeString(Path.of("days.log"), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
            }
        }
    }
}
