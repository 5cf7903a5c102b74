// expect: healthy bench
// Identifies bookplates: scanners in a university's stacks read what is left of the motto on a plate, send it as a
// line, and the matcher finds the catalogued plate whose letters come closest, by groups of four that stand in order.
//
// Measured: a scan takes 90 to 110 us, in the twin 8 to 10 us (2 x 480 KB of new, zeroed arrays a scan: 4.3 GB/s);
// 29 % of a core, in the twin 4 %, at 4500 scans a second.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

public class ExLibrisMatcher {
    static final int PLATES = 120_000;
    static final int GROUP = 4;

    record Match(int plate, int agreeing, double share) {}

    record Found(String scanner, Match match) {}

    /** A list of numbers that grows. */
    static class Numbers {
        int[] at = new int[256];
        int size;

        void add(int number) {
            if (size == at.length) {
                at = Arrays.copyOf(at, size * 2);
            }
            at[size++] = number;
        }
    }

    /** Letters as numbers from 0 to 25; everything else is skipped. */
    static int letters(String text, byte[] into) {
        int length = 0;
        for (int i = 0; i < text.length() && length < into.length; i++) {
            int letter = Character.toLowerCase(text.charAt(i)) - 'a';
            if (letter >= 0 && letter < 26) {
                into[length++] = (byte) letter;
            }
        }
        return length;
    }

    static int group(byte[] letters, int at) {
        return ((letters[at] * 26 + letters[at + 1]) * 26 + letters[at + 2]) * 26 + letters[at + 3];
    }

    /** Which plates have a group of letters: one long array, and where each group begins in it. */
    static class Catalogue {
        private static final int GROUPS = 26 * 26 * 26 * 26;
        private final int[] begin = new int[GROUPS + 1];
        private final int[] plates;
        private final byte[] lengths = new byte[PLATES];

        Catalogue(Mottoes mottoes) {
            byte[] text = new byte[64];
            for (int plate = 0; plate < PLATES; plate++) {
                int length = letters(mottoes.of(plate), text);
                lengths[plate] = (byte) length;
                for (int i = 0; i + GROUP <= length; i++) {
                    begin[group(text, i) + 1]++;
                }
            }
            for (int i = 0; i < GROUPS; i++) {
                begin[i + 1] += begin[i];
            }
            plates = new int[begin[GROUPS]];
            int[] next = Arrays.copyOf(begin, GROUPS);
            for (int plate = 0; plate < PLATES; plate++) {
                int length = letters(mottoes.of(plate), text);
                for (int i = 0; i + GROUP <= length; i++) {
                    plates[next[group(text, i)]++] = plate;
                }
            }
        }

        int size() {
            return lengths.length;
        }

        int groupsOf(int plate) {
            return Math.max(1, lengths[plate] - GROUP + 1);
        }
    }

    /** Counts for each plate how many groups of a scan it has. */
    static class Tally {
        private final int[] agreeing;
        private final int[] latest;
        private final Numbers touched = new Numbers();

        Tally(int plates) {
            agreeing = new int[plates];
            latest = new int[plates];
        }

        void clear() {
            for (int i = 0; i < touched.size; i++) {
                agreeing[touched.at[i]] = 0;
                latest[touched.at[i]] = 0;
            }
            touched.size = 0;
        }

        void hit(int plate, int position) {
            if (agreeing[plate] == 0) {
                touched.add(plate);
            } else if (latest[plate] == position) {
                return; // the same group twice in one motto
            }
            agreeing[plate]++;
            latest[plate] = position;
        }

        Optional<Match> best(Catalogue catalogue, int groups) {
            int best = -1;
            double share = 0;
            for (int i = 0; i < touched.size; i++) {
                int plate = touched.at[i];
                double found = 2.0 * agreeing[plate] / (groups + catalogue.groupsOf(plate));
                if (found > share) {
                    best = plate;
                    share = found;
                }
            }
            return share < 0.3 ? Optional.empty() : Optional.of(new Match(best, agreeing[best], share));
        }
    }

    static class Matcher {
        private final Catalogue catalogue;
        private final byte[] text = new byte[64];

        private final Tally tally;

        Matcher(Catalogue catalogue) {
            this.catalogue = catalogue;
            this.tally = new Tally(catalogue.size());
        }

        Optional<Match> match(String scan) {
            int length = letters(scan, text);
            if (length < 2 * GROUP) {
                return Optional.empty();
            }
            tally.clear();
            int groups = length - GROUP + 1;
            for (int i = 0; i < groups; i++) {
                int group = group(text, i);
                for (int at = catalogue.begin[group]; at < catalogue.begin[group + 1]; at++) {
                    tally.hit(catalogue.plates[at], i + 1);
                }
            }
            return tally.best(catalogue, groups);
        }
    }

    /** Takes the scanners' lines ("scanner;motto") and keeps the last thousand answers. */
    static class Desk {
        private final Matcher matcher;
        private final ArrayDeque<Found> latest = new ArrayDeque<>(1000);
        private long taken;
        private long unknown;
        private long bad;
        private long spent;

        Desk(Matcher matcher) {
            this.matcher = matcher;
        }

        void serve(Socket line) throws IOException {
            try (BufferedReader reader = new BufferedReader(
                    new InputStreamReader(line.getInputStream(), StandardCharsets.US_ASCII), 1 << 16)) {
                for (String said = reader.readLine(); said != null; said = reader.readLine()) {
                    take(said);
                }
            }
        }

        void take(String said) {
            int semicolon = said.indexOf(';');
            if (semicolon < 1) {
                bad++;
                return;
            }
            long began = System.nanoTime();
            Optional<Match> match = matcher.match(said.substring(semicolon + 1));
            spent += System.nanoTime() - began;
            if (match.isEmpty()) {
                unknown++;
            } else {
                if (latest.size() == 1000) {
                    latest.removeFirst();
                }
                latest.addLast(new Found(said.substring(0, semicolon), match.get()));
            }
            if (++taken % 20_000 == 0) {
                System.err.printf("%d scans, %d unknown, %d bad, %.1f us each, last %s%n", taken, unknown, bad,
                        spent / 1e3 / taken, latest.peekLast());
            }
        }
    }

    /** What the plates say, worked out from their numbers. */
    static class Mottoes {
        String of(int plate) {
            Random random = new Random(plate * 7919L);
            StringBuilder text = new StringBuilder(40);
            for (int word = 0; word < 4; word++) {
                for (int i = 3 + random.nextInt(5); i > 0; i--) {
                    text.append((char) ('a' + random.nextInt(26)));
                }
                text.append(' ');
            }
            return text.toString();
        }

        /** A scan of it, on which moths and glue have been at work. */
        String scan(int plate, Random random) {
            StringBuilder text = new StringBuilder(of(plate));
            for (int i = random.nextInt(3); i > 0; i--) {
                text.setCharAt(random.nextInt(text.length()), (char) ('a' + random.nextInt(26)));
            }
            return text.substring(random.nextInt(4));
        }
    }

    /** The scanners, in a process of their own: a few lines at a time. */
    static void scanners(int port, Mottoes mottoes) throws IOException, InterruptedException {
        Random random = new Random(1642);
        StringBuilder scans = new StringBuilder();
        for (int i = 0; i < 4000; i++) {
            scans.append("stack").append(i % 9).append(';');
            scans.append(mottoes.scan(random.nextInt(PLATES), random)).append('\n');
        }
        Files.writeString(Path.of("scans.txt"), scans);
        String script = """
                import os, socket, sys, time
                sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
                from services import outside
                def scan():
                    lines = open("scans.txt", "rb").readlines()
                    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
                        due = time.monotonic()
                        while True:
                            for at in range(0, len(lines), 25):
                                line.sendall(b"".join(lines[at : at + 25]))
                                due += 25 / float(sys.argv[2])
                                time.sleep(max(0.0, due - time.monotonic()))
                outside(scan)
                """;
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, "4500")
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        Mottoes mottoes = new Mottoes();
        Desk desk = new Desk(new Matcher(new Catalogue(mottoes)));
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            desk.take("test;" + mottoes.scan(random.nextInt(PLATES), random));
        }
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            scanners(server.getLocalPort(), mottoes);
            try (Socket line = server.accept()) {
                System.out.println("ready " + ProcessHandle.current().pid());
                desk.serve(line);
            }
        }
    }
}
