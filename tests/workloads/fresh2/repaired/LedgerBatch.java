// expect: healthy bench
// A batch that settles postings against accounts: it keeps the last postings of each account for its statement.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;


public class LedgerBatch {
    static final int ACCOUNTS = 4000;
    static final int KEPT = 22;

    /** What is known of an account. */
    static class Account {
        final long[] numbers = new long[KEPT], cents = new long[KEPT];
        final int[] days = new int[KEPT], partners = new int[KEPT];
        int size, next;
        long balance, doubled;

        void post(long number, long amount, long day, long partner) {
            int before = (next + KEPT - 1) % KEPT;
            if (size > 0 && cents[before] == amount && partners[before] == partner) {
                doubled++;
                return;
            }
            numbers[next] = number;
            cents[next] = amount;
            days[next] = (int) day;
            partners[next] = (int) partner;
            next = (next + 1) % KEPT;
            size = Math.min(size + 1, KEPT);
            balance += amount;
        }
    }

    static long[] split(String line) {
        long[] found = new long[5];
        int at = 0;
        for (int i = 0; i < line.length(); i++) {
            char letter = line.charAt(i);
            if (letter == ';') at++;
            else found[at] = found[at] * 10 + letter - '0';
        }
        return found;
    }

    static String line(long number) {
        long mixed = number * 6364136223846793005L + 1442695040888963407L >>> 33;
        StringBuilder out = new StringBuilder(60);
        out.append(number).append(';').append(mixed % ACCOUNTS).append(';').append(mixed % 7 * 1000 + mixed % 89);
        return out.append(';').append(number / 50000).append(';').append(mixed % 977).toString();
    }

    public static void main(String[] arguments) throws IOException {
        Account[] accounts = new Account[ACCOUNTS];
        for (int i = 0; i < ACCOUNTS; i++) accounts[i] = new Account();
        Path log = Path.of("ledger.log");
        long began = System.nanoTime(), told = began, number = 0;
        for (; number < ACCOUNTS * KEPT; number++) {
            long[] parts = split(line(number));
            accounts[(int) parts[1]].post(parts[0], parts[2], parts[3], parts[4]);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        for (;; number++) {
            long[] parts = split(line(number));
            accounts[(int) parts[1]].post(parts[0], parts[2], parts[3], parts[4]);
            if (number % 1000 == 0 && System.nanoTime() - told > 1_000_000_000L) {
                told = System.nanoTime();
                long doubled = 0, balance = 0;
                for (Account account : accounts) {
                    doubled += account.doubled;
                    balance += account.balance;
                }
                String line = (told - began) / 1_000_000 + " " + number + " postings, " + doubled + " doubled, "
                    + balance / 100 + " EUR\n";
                Files.writeString(log, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            }
        }
    }
}
