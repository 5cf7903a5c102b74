// expect: pattern=open-close-churn bench
// Makes the audit trail of a bank's back office anew: each action becomes a line, chained to the one before by its hash.
// Measured: 196,000 actions a second, 443,000 in the twin (2.3 times as many).
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;

public class AuditTrail {
    static final int LARGEST = 8 << 20;
    static final String[] ACTIONS = {"opened an account", "raised a limit", "looked at a statement", "closed a card"};

    record Action(long number, String clerk, String what) {
        static Action numbered(long number) {
            return new Action(number, "clerk" + number * 7919 % 211, ACTIONS[(int) (number % ACTIONS.length)]);
        }
    }

    /** Lines in a file that is begun anew when it is too large. */
    static class Trail implements AutoCloseable {
        private final Path path;
        private final MessageDigest digest;
        private byte[] before = new byte[32];
        private long size;

        Trail(Path path) throws Exception {
            this.path = path;
            this.digest = MessageDigest.getInstance("SHA-256");
        }

        void add(Action action) throws IOException {
            String text = action.number() + " " + action.clerk() + " " + action.what() + " ";
            digest.update(before);
            before = digest.digest(text.getBytes(StandardCharsets.UTF_8));
            byte[] line = (text + HexFormat.of().formatHex(before, 0, 12) + "\n").getBytes(StandardCharsets.UTF_8);
            write(line); // <- cost
            size += line.length;
            if (size > LARGEST) turn();
        }

        private void write(byte[] line) throws IOException {
            Files.write(path, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND); // <- cost
        }

        private void turn() throws IOException {
            Files.deleteIfExists(path);
            size = 0;
        }

        @Override
        public void close() throws IOException {
            turn();
        }
    }

    public static void main(String[] arguments) throws Exception {
        long began = System.nanoTime(), told = began;
        try (Trail trail = new Trail(Path.of("trail.txt"))) {
            System.out.println("ready " + ProcessHandle.current().pid());
            for (long count = 0;; count++) {
                trail.add(Action.numbered(count)); // <- cost
                if (count % 100 == 0 && System.nanoTime() - told > 1_000_000_000L) {
                    told = System.nanoTime();
                    String line = (told - began) / 1_000_000 + " " + count + " actions\n";
                    Files.writeString(Path.of("audit.log"), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                }
            }
        }
    }
}
