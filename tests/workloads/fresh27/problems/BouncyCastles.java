// expect: pattern=hot-loop bench
/*
 * The payment matcher of a hirer of bouncy castles: it takes the bank's statement lines as they come, finds the hire
 * that each one pays by the reference in its text, and books it; what matches nothing goes to a list for the office.
 *
 * Measured: 0.48 cores for a statement of 900 lines each 150 ms; in the repaired program 0.02 cores.
 */
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class BouncyCastles {
    static final int OPEN_HIRES = 9000;
    static final int LINES_PER_STATEMENT = 900;
    static final long MILLIS_BETWEEN_STATEMENTS = 150;
    static final String[] CASTLES = {"Dragon", "Pirate", "Jungle", "Ice Palace", "Circus", "Submarine", "Moon Base"};
    static final Pattern REFERENCE = Pattern.compile("\\bBC-(\\d{2})-(\\d{6})\\b");

    static final class Hire {
        final String reference;
        final String castle;
        final LocalDate day;
        final long dueCents;
        long paidCents;

        Hire(String reference, String castle, LocalDate day, long dueCents) {
            this.reference = reference;
            this.castle = castle;
            this.day = day;
            this.dueCents = dueCents;
        }

        void pay(long cents) {
            paidCents += cents;
            if (paidCents >= 4 * dueCents) {
                paidCents -= 4 * dueCents; // (billed anew each season)
            }
        }
    }

    record StatementLine(String account, long cents, String text) {
        static StatementLine parse(String raw) {
            int first = raw.indexOf(';');
            int second = raw.indexOf(';', first + 1);
            return new StatementLine(
                raw.substring(0, first), Long.parseLong(raw.substring(first + 1, second)), raw.substring(second + 1));
        }
    }

    /** The hires that are not paid yet. */
    static final class Hires {
        private final List<Hire> open = new ArrayList<>();

        void add(Hire hire) {
            open.add(hire);
        }

        Hire byReference(String reference) {
            for (Hire hire : open) { // <- cost
                if (hire.reference.equals(reference)) { // <- cost
                    return hire;
                }
            }
            return null;
        }
    }

    /** The bank: statements of a few hundred lines. */
    static final class Bank {
        private final Random chance = new Random(8);

        List<String> nextStatement() {
            List<String> lines = new ArrayList<>(LINES_PER_STATEMENT);
            for (int at = 0; at < LINES_PER_STATEMENT; at++) {
                int number = chance.nextInt(OPEN_HIRES + OPEN_HIRES / 50);
                lines.add("DE" + (10_000_000 + chance.nextInt(80_000_000)) + ";" + (5000 + chance.nextInt(20_000))
                    + ";HIRE " + reference(number) + " THANK YOU " + CASTLES[number % CASTLES.length]);
            }
            return lines;
        }
    }

    static String reference(int number) {
        return String.format("BC-25-%06d", number);
    }

    private final Hires hires = new Hires();
    private final Bank bank = new Bank();
    private final Deque<String> unmatched = new ArrayDeque<>();
    private long booked;

    BouncyCastles() {
        Random chance = new Random(3);
        LocalDate first = LocalDate.of(2025, 3, 1);
        for (int number = 0; number < OPEN_HIRES; number++) {
            String castle = CASTLES[number % CASTLES.length];
            hires.add(new Hire(reference(number), castle, first.plusDays(number / 40), 9000 + chance.nextInt(15_000)));
        }
    }

    private void keepUnmatched(StatementLine line) {
        unmatched.addLast(line.account() + " " + line.cents() + " " + line.text());
        if (unmatched.size() > 500) {
            unmatched.removeFirst();
        }
    }

    private void book(List<String> statement) {
        for (String raw : statement) { // <- cost
            StatementLine line = StatementLine.parse(raw);
            Matcher found = REFERENCE.matcher(line.text());
            Hire hire = found.find() ? hires.byReference(found.group()) : null; // <- cost
            if (hire == null) {
                keepUnmatched(line);
                continue;
            }
            hire.pay(line.cents());
            booked += line.cents();
        }
    }

    private void writeOfficeList() throws IOException {
        Path fresh = Path.of("unmatched.new");
        try (BufferedWriter out = Files.newBufferedWriter(fresh)) {
            out.write("booked " + booked / 100 + "\n");
            for (String line : unmatched) {
                out.write(line);
                out.newLine();
            }
        }
        Files.move(fresh, Path.of("unmatched.txt"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private void takeStatement() {
        try {
            book(bank.nextStatement());
        } catch (RuntimeException error) {
            System.err.println("statement: " + error);
        }
    }

    private void tellOffice() {
        try {
            writeOfficeList();
        } catch (IOException error) {
            System.err.println("office list: " + error);
        }
    }

    public static void main(String[] arguments) throws Exception {
        BouncyCastles matcher = new BouncyCastles();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        timer.scheduleAtFixedRate(
            matcher::takeStatement, 0, MILLIS_BETWEEN_STATEMENTS, TimeUnit.MILLISECONDS);
        timer.scheduleAtFixedRate(matcher::tellOffice, 500, 5000, TimeUnit.MILLISECONDS);
        Thread.sleep(1500);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
