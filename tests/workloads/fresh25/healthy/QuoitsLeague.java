// bench: healthy
// The league of northern quoits: the pits' scorers send every throw over one line, many thousands a second in a
// wet evening's replay; throws are rated, added up for each player, and written to a journal that starts anew
// when full.
// (A stream with a queue that has an end, two workers, a lock for each player that hardly anybody waits for, a writer
// with a buffer that is flushed once a second, a pause between the standings.)
//
// Measured: 240 000 throws a second, 10 % of a core, 78 MiB.
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class QuoitsLeague {
    static final int WORKERS = 2;
    static final int PLAYERS = 400;
    static final int BATCH = 200;
    static final long JOURNAL_BYTES = 4 << 20;

    record Throw(int player, int pit, double centimetres, boolean ringer) {
        /** "player pit millimetres r|-" */
        static Throw parse(String line) {
            int first = line.indexOf(' ');
            int second = line.indexOf(' ', first + 1);
            int third = line.indexOf(' ', second + 1);
            if (first < 0 || second < 0 || third < 0) {
                throw new NumberFormatException("not a throw");
            }
            return new Throw(Integer.parseInt(line, 0, first, 10), Integer.parseInt(line, first + 1, second, 10),
                    Integer.parseInt(line, second + 1, third, 10) / 10.0, line.charAt(third + 1) == 'r');
        }
    }

    /** What a player has thrown: a rating that forgets slowly. */
    static class Form {
        final int player;
        private double rating = 50;
        private long ringers;
        private long thrown;

        Form(int player) {
            this.player = player;
        }

        synchronized double add(Throw thrown) {
            double points = thrown.ringer() ? 100 : 90 * Math.exp(-thrown.centimetres() / 35);
            rating += (points - rating) * 0.02;
            ringers += thrown.ringer() ? 1 : 0;
            this.thrown++;
            return rating;
        }

        synchronized double rating() {
            return rating;
        }

        synchronized String words() {
            return String.format("player %d: %.1f, %d ringers in %d", player, rating, ringers, thrown);
        }
    }

    /** The throws as they were rated, the latest few megabytes of them. */
    static class Journal {
        private final Path path;
        private BufferedWriter out;
        private long written;

        Journal(Path path) throws IOException {
            this.path = path;
            this.out = open();
        }

        private BufferedWriter open() throws IOException {
            return new BufferedWriter(Files.newBufferedWriter(path, StandardCharsets.US_ASCII), 1 << 16);
        }

        synchronized void write(CharSequence rated) throws IOException {
            if (written > JOURNAL_BYTES) {
                out.close();
                out = open();
                written = 0;
            }
            out.append(rated);
            written += rated.length();
        }

        synchronized void flush() throws IOException {
            out.flush();
        }
    }

    static class League {
        private final Map<Integer, Form> forms = new ConcurrentHashMap<>();
        private final BlockingQueue<List<String>> queue = new ArrayBlockingQueue<>(64);
        private final Journal journal;
        final LongAdder rated = new LongAdder();
        final LongAdder unreadable = new LongAdder();

        League(Journal journal) {
            this.journal = journal;
        }

        void receive(Socket socket) throws IOException, InterruptedException {
            try (BufferedReader lines = new BufferedReader(
                    new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII), 1 << 15)) {
                List<String> batch = new ArrayList<>(BATCH);
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    batch.add(line);
                    if (batch.size() == BATCH) {
                        queue.put(batch);
                        batch = new ArrayList<>(BATCH);
                    }
                }
                queue.put(batch);
            }
        }

        void work() {
            StringBuilder text = new StringBuilder(BATCH * 24);
            try {
                while (true) {
                    List<String> batch = queue.take();
                    text.setLength(0);
                    for (String line : batch) {
                        rate(line, text);
                    }
                    journal.write(text);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException e) {
                System.err.println("journal: " + e.getMessage());
            }
        }

        private void rate(String line, StringBuilder text) {
            try {
                Throw thrown = Throw.parse(line);
                double rating = forms.computeIfAbsent(thrown.player(), Form::new).add(thrown);
                text.append(thrown.player()).append(' ').append(thrown.pit()).append(' ');
                text.append(Math.round(rating * 100)).append('\n');
                rated.increment();
            } catch (NumberFormatException e) {
                unreadable.increment();
            }
        }

        List<Form> standings(int number) {
            List<Form> sorted = new ArrayList<>(forms.values());
            Map<Form, Double> ratings = new ConcurrentHashMap<>();
            sorted.forEach(form -> ratings.put(form, form.rating())); // they change while we sort
            sorted.sort(Comparator.comparingDouble((Form form) -> ratings.get(form)).reversed());
            return sorted.subList(0, Math.min(number, sorted.size()));
        }
    }

    /** The scorers, in a process of their own: so many throws a second, a few hundred at a time. */
    static void scorers(int port, int rate) throws IOException, InterruptedException {
        String script = String.join("\n", "import os, random, socket, sys, time",
                "sys.path.insert(0, os.path.dirname(os.environ['SERVICES']))", "import services",
                "port, rate, players = map(int, sys.argv[1:])", "def throws():",
                "    some = random.Random(3)",
                "    made = [f'{some.randrange(players)} {n % 12} {some.randrange(900)} {\"-r\"[n % 9 == 0]}\\n'"
                        + " for n in range(rate // 5)]",
                "    made[77] = 'rain stopped play\\n'", "    step = rate // 25",
                "    chunks = [''.join(made[at : at + step]).encode() for at in range(0, len(made), step)]",
                "    line, due = socket.create_connection(('127.0.0.1', port)), time.monotonic()",
                "    for turn in range(1 << 40):", "        line.sendall(chunks[turn % len(chunks)])",
                "        due += 0.04", "        time.sleep(max(0.0, due - time.monotonic()))",
                "services.outside(throws)");
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, "" + rate, "" + PLAYERS)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    static Thread daemon(String name, Runnable runnable) {
        Thread thread = new Thread(runnable, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    public static void main(String[] args) throws Exception {
        Journal journal = new Journal(Path.of("throws.txt"));
        League league = new League(journal);
        try (ServerSocket door = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            for (int n = 0; n < WORKERS; n++) {
                daemon("rating-" + n, league::work);
            }
            daemon("line", () -> {
                try {
                    league.receive(door.accept());
                } catch (IOException e) {
                    System.err.println("line: " + e.getMessage());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            scorers(door.getLocalPort(), 240_000);
            while (league.rated.sum() < 1_500_000) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
            System.out.println("ready " + ProcessHandle.current().pid());
            for (int second = 1;; second++) {
                TimeUnit.SECONDS.sleep(1);
                journal.flush();
                if (second % 10 == 0) {
                    System.err.printf("%d rated, %d unreadable%n", league.rated.sum(), league.unreadable.sum());
                    league.standings(3).forEach(form -> System.err.println(form.words()));
                }
            }
        }
    }
}
