// bench: healthy
// Results of pancake races: mats under the street feel each runner's foot, pans report each toss, and a relay sends
// both in bursts, ten times a second, over one line. A reader fills a round, a scorer ranks it (for each runner it
// looks through the short list of streets), keeps the last rounds, and writes the results of the round, packed, to one
// of a few files. The reader waits for bursts, the scorer for rounds; their queue is short, its lock quiet.
//
// Measured: CPU 7.7 % of a core, ten bursts of 12000 events a second; 78.0 to 78.8 MiB in 11 s.
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;

public class PancakeRaces {
    static final int RUNNERS = 2000;
    static final int MOST = 16384;

    record Street(String name, int from, int to) {}

    static final List<Street> STREETS = List.of(new Street("Market Place", 0, 80), new Street("High Street", 80, 210),
            new Street("Church Lane", 210, 300), new Street("Bridge Street", 300, 415));

    /** What came in one burst: for each event the runner, where, when, and whether a pancake was tossed. */
    static class Round {
        final int number;
        final int[] runners = new int[MOST];
        final short[] metres = new short[MOST];
        final int[] millis = new int[MOST];
        final boolean[] tosses = new boolean[MOST];
        int events;

        Round(int number) {
            this.number = number;
        }

        void add(int runner, int metre, int milli, boolean toss) {
            runners[events] = runner;
            metres[events] = (short) metre;
            millis[events] = milli;
            tosses[events++] = toss;
        }
    }

    record Result(int runner, int metres, int millis, int tosses, String street) {}

    /** The best of the last rounds, for whoever asks. */
    static class Podium {
        private final Deque<List<Result>> rounds = new ArrayDeque<>();
        private long scored;

        synchronized void add(List<Result> best) {
            rounds.addLast(best);
            if (rounds.size() > 32) {
                rounds.removeFirst();
            }
            scored++;
        }

        synchronized String line() {
            Result first = rounds.isEmpty() ? null : rounds.getLast().get(0);
            return scored + " rounds scored, the last won by " + first;
        }
    }

    /** Takes bursts off the line. Rounds are used again when they are scored. */
    static class Relay implements Runnable {
        private final DataInputStream in;
        private final BlockingQueue<Round> full;
        private final BlockingQueue<Round> empty;

        Relay(Socket line, BlockingQueue<Round> full, BlockingQueue<Round> empty) throws IOException {
            in = new DataInputStream(new BufferedInputStream(line.getInputStream(), 1 << 16));
            this.full = full;
            this.empty = empty;
        }

        @Override
        public void run() {
            try {
                while (true) {
                    int events = in.readInt();
                    Round round = empty.take();
                    round.events = 0;
                    for (int i = 0; i < events; i++) {
                        int runner = in.readUnsignedShort();
                        int metre = in.readUnsignedShort();
                        int milli = in.readInt();
                        boolean toss = in.readUnsignedByte() == 1;
                        if (runner < RUNNERS && round.events < MOST) {
                            round.add(runner, metre, milli, toss);
                        }
                    }
                    full.put(round);
                }
            } catch (EOFException e) {
                System.err.println("the relay has hung up");
            } catch (IOException e) {
                System.err.println("the relay: " + e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static class Scorer {
        private final int[] metres = new int[RUNNERS];
        private final int[] millis = new int[RUNNERS];
        private final int[] tosses = new int[RUNNERS];
        private final long[] order = new long[RUNNERS];

        private static String street(int metre) {
            for (Street street : STREETS) {
                if (metre >= street.from() && metre < street.to()) {
                    return street.name();
                }
            }
            return "finish";
        }

        Result[] score(Round round) {
            Arrays.fill(metres, 0);
            Arrays.fill(millis, 0);
            Arrays.fill(tosses, 0);
            for (int i = 0; i < round.events; i++) {
                int runner = round.runners[i];
                if (round.metres[i] >= metres[runner]) {
                    metres[runner] = round.metres[i];
                    millis[runner] = round.millis[i];
                }
                tosses[runner] += round.tosses[i] ? 1 : 0;
            }
            for (int runner = 0; runner < RUNNERS; runner++) {
                long worth = metres[runner] + Math.min(tosses[runner], 9) * 2L;
                order[runner] = -worth << 42 | (long) millis[runner] << 16 | runner;
            }
            Arrays.sort(order);
            Result[] results = new Result[RUNNERS];
            for (int i = 0; i < RUNNERS; i++) {
                int runner = (int) (order[i] & 0xffff);
                int metre = metres[runner];
                results[i] = new Result(runner, metre, millis[runner], tosses[runner], street(metre));
            }
            return results;
        }
    }

    /** The results, packed, in one of a few files in turn. */
    static class ResultFiles {
        private final File folder;
        private final CRC32 check = new CRC32();

        ResultFiles(File folder) throws IOException {
            this.folder = folder;
            if (!folder.isDirectory() && !folder.mkdirs()) {
                throw new IOException("no folder " + folder);
            }
        }

        void write(int number, Result[] results) throws IOException {
            File file = new File(folder, "round-" + number % 20 + ".csv.gz");
            StringBuilder row = new StringBuilder(80);
            check.reset();
            try (Writer out = new OutputStreamWriter(new GZIPOutputStream(new BufferedOutputStream(
                    new FileOutputStream(file), 1 << 15), 8192), StandardCharsets.US_ASCII)) {
                for (int rank = 0; rank < results.length; rank++) {
                    Result result = results[rank];
                    row.setLength(0);
                    row.append(rank + 1).append(';').append(result.runner()).append(';').append(result.metres())
                            .append(';').append(result.millis()).append(';').append(result.tosses())
                            .append(';').append(result.street()).append('\n');
                    out.append(row);
                    check.update(result.runner());
                }
                out.append("check ").append(Long.toHexString(check.getValue())).append('\n');
            }
        }
    }

    /** The relay, in a process of its own: 12000 events, ten times a second, out of bursts packed before. */
    static final String RELAY = """
            import os, random, socket, struct, sys, time
            sys.path.append(os.path.dirname(os.environ["SERVICES"]))
            import services

            def relay():
                any = random.Random(1445).randrange
                bursts = []
                for _ in range(8):
                    events = [struct.pack(">HHIB", any(2000), any(415), any(90000), any(5) == 0) for _ in range(12000)]
                    bursts.append(struct.pack(">I", len(events)) + b"".join(events))
                with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
                    due, number = time.monotonic(), 0
                    while True:
                        line.sendall(bursts[number % len(bursts)])
                        number += 1
                        due = max(due + 0.1, time.monotonic() - 1)
                        time.sleep(max(0.0, due - time.monotonic()))

            services.outside(relay)
            """;

    static volatile byte[] touched;

    /** Walks once through the young part of the heap, so that it does not seem to grow later. */
    static void settle() {
        for (int i = 0; i < 1000; i++) {
            touched = new byte[1 << 16];
        }
    }

    public static void main(String[] args) throws Exception {
        settle();
        BlockingQueue<Round> full = new ArrayBlockingQueue<>(3);
        BlockingQueue<Round> empty = new ArrayBlockingQueue<>(4);
        for (int i = 0; i < 4; i++) {
            empty.add(new Round(i));
        }
        Podium podium = new Podium();
        ResultFiles files = new ResultFiles(new File("results"));
        Scorer scorer = new Scorer();
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            new ProcessBuilder(System.getenv("PYTHON"), "-c", RELAY, "" + listener.getLocalPort())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start().waitFor();
            new Thread(new Relay(listener.accept(), full, empty), "relay").start();
        }
        for (int number = 1; ; number++) {
            Round round = full.take();
            Result[] results = scorer.score(round);
            files.write(number, results);
            podium.add(List.of(results).subList(0, 3).stream().toList());
            empty.put(round);
            if (number == 40) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (number % 100 == 0) {
                System.err.println(podium.line());
            }
        }
    }
}
