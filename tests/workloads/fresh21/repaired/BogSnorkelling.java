// expect: healthy bench
// The finish of a bog-snorkelling championship: one thread with a Selector talks to the timing posts along the trenches
// (SPLIT BIB POST MS), to the marshals who let swimmers enter (ENTER BIB; the federation's licence office is asked over
// HTTP, and answers after 45 ms), and to the boards (BOARD, TRENCH N). One line is asked, one line is answered.
//
// Measured: posts wait 17.6 ms for an answer, boards 14.4 ms, in the twin 0.7 ms both; marshals 60 ms, in the twin
// 50 ms (45 ms of that is the office); 9 entries a second, so the loop stands still for 0.4 of the time.
// CPU 2.4 % of both.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public class BogSnorkelling {
    static final int POSTS = 6;
    static final int TRENCHES = 2;
    static final int BIBS = 400;

    static class Swimmer {
        final int bib;
        final int[] splits = new int[POSTS];
        boolean entered;

        Swimmer(int bib) {
            this.bib = bib;
        }

        int finish() {
            return splits[POSTS - 1];
        }
    }

    /** The state of the race. Only the loop touches it. */
    static class Race {
        private final Map<Integer, Swimmer> swimmers = new HashMap<>();

        Swimmer swimmer(int bib) {
            if (bib < 1 || bib > BIBS) {
                throw new IllegalArgumentException("bib " + bib);
            }
            return swimmers.computeIfAbsent(bib, Swimmer::new);
        }

        String split(int bib, int post, int millis) {
            Swimmer swimmer = swimmer(bib);
            swimmer.splits[post] = millis;
            int rank = 1;
            for (Swimmer other : swimmers.values()) {
                if (other.splits[post] > 0 && other.splits[post] < millis) {
                    rank++;
                }
            }
            return "rank " + rank;
        }

        String board(int number) {
            List<Swimmer> finished = new ArrayList<>();
            for (Swimmer swimmer : swimmers.values()) {
                if (swimmer.finish() > 0) {
                    finished.add(swimmer);
                }
            }
            finished.sort(Comparator.comparingInt(Swimmer::finish).thenComparingInt(swimmer -> swimmer.bib));
            StringBuilder text = new StringBuilder("board");
            for (Swimmer swimmer : finished.subList(0, Math.min(number, finished.size()))) {
                text.append(' ').append(swimmer.bib).append('=').append(swimmer.finish());
            }
            return text.toString();
        }

        String trench(int trench) {
            int entered = 0;
            for (Swimmer swimmer : swimmers.values()) {
                entered += swimmer.entered && swimmer.bib % TRENCHES == trench ? 1 : 0;
            }
            return "trench " + trench + " entered " + entered;
        }

        String enter(int bib, boolean licensed) {
            swimmer(bib).entered = licensed;
            return licensed ? "entered " + bib : "refused " + bib;
        }
    }

    /** The licence office of the federation. */
    static class LicenceOffice {
        private final String base;

        LicenceOffice(int port) {
            base = "http://127.0.0.1:" + port + "/licence/";
        }

        boolean licensed(int bib) throws IOException {
            HttpURLConnection asked = (HttpURLConnection) new URL(base + bib).openConnection();
            asked.setConnectTimeout(1000);
            asked.setReadTimeout(2000);
            if (asked.getResponseCode() != 200) {
                return false;
            }
            try (InputStream told = asked.getInputStream()) {
                String licence = new String(told.readAllBytes(), StandardCharsets.UTF_8);
                return !licence.contains("\"stock\": 0"); // (no races left)
            }
        }
    }

    /** A line to a post, a marshal or a board. */
    static class Line {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final ByteBuffer in = ByteBuffer.allocate(512);
        private ByteBuffer out = ByteBuffer.allocate(0);

        Line(SocketChannel channel, Selector selector) throws IOException {
            this.channel = channel;
            key = channel.register(selector, SelectionKey.OP_READ, this);
        }

        /** The lines that have come; null if the other side is gone. */
        List<String> read() throws IOException {
            if (channel.read(in) < 0) {
                return null;
            }
            List<String> lines = new ArrayList<>();
            int from = 0;
            for (int at = 0; at < in.position(); at++) {
                if (in.get(at) == '\n') {
                    lines.add(new String(in.array(), from, at - from, StandardCharsets.US_ASCII));
                    from = at + 1;
                }
            }
            in.flip().position(from);
            in.compact();
            return lines;
        }

        void send(String text) throws IOException {
            byte[] more = (text + "\n").getBytes(StandardCharsets.US_ASCII);
            out = ByteBuffer.allocate(out.remaining() + more.length).put(out).put(more).flip();
            flush();
        }

        void flush() throws IOException {
            channel.write(out);
            key.interestOps(out.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
        }

        void close() {
            key.cancel();
            try {
                channel.close();
            } catch (IOException e) {
                System.err.println("closing: " + e.getMessage());
            }
        }
    }

    static class Loop {
        private final Selector selector;
        private final ServerSocketChannel listener;
        private final Race race = new Race();
        private final LicenceOffice office;
        private final ExecutorService clerks = Executors.newFixedThreadPool(4);
        private final Queue<Runnable> told = new ConcurrentLinkedQueue<>();

        Loop(LicenceOffice office) throws IOException {
            this.office = office;
            selector = Selector.open();
            listener = ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT);
        }

        int port() throws IOException {
            return ((InetSocketAddress) listener.getLocalAddress()).getPort();
        }

        void run() throws IOException {
            while (true) {
                selector.select();
                for (Runnable news = told.poll(); news != null; news = told.poll()) {
                    news.run();
                }
                for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); ) {
                    SelectionKey key = keys.next();
                    keys.remove();
                    if (key.isAcceptable()) {
                        accept();
                    } else {
                        serve((Line) key.attachment(), key);
                    }
                }
            }
        }

        private void accept() throws IOException {
            SocketChannel channel = listener.accept();
            if (channel != null) {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                new Line(channel, selector);
            }
        }

        private void serve(Line line, SelectionKey key) {
            try {
                if (key.isWritable()) {
                    line.flush();
                }
                if (!key.isReadable()) {
                    return;
                }
                List<String> asked = line.read();
                if (asked == null) {
                    line.close();
                    return;
                }
                for (String question : asked) {
                    answer(line, question);
                }
            } catch (IOException e) {
                line.close();
            }
        }

        private void answer(Line line, String question) throws IOException {
            String[] words = question.split(" ");
            try {
                switch (words[0]) {
                    case "SPLIT" -> line.send(race.split(number(words[1]), number(words[2]), number(words[3])));
                    case "BOARD" -> line.send(race.board(10));
                    case "TRENCH" -> line.send(race.trench(number(words[1])));
                    case "ENTER" -> enter(line, number(words[1]));
                    default -> line.send("unknown " + words[0]);
                }
            } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
                line.send("wrong " + e.getMessage());
            }
        }

        private void enter(Line line, int bib) {
            clerks.execute(() -> {
                Boolean licensed = null;
                try {
                    licensed = office.licensed(bib);
                } catch (IOException e) {
                    System.err.println("licence office: " + e.getMessage());
                }
                Boolean known = licensed;
                told.add(() -> entered(line, bib, known));
                selector.wakeup();
            });
        }

        private void entered(Line line, int bib, Boolean licensed) {
            try {
                line.send(licensed == null ? "later " + bib : race.enter(bib, licensed));
            } catch (IOException | CancelledKeyException e) {
                line.close();
            }
        }

        private static int number(String word) {
            return Integer.parseInt(word);
        }
    }

    /** Posts, marshals and boards, in a process of their own: each asks when it is due, and reads the answer. */
    static final String PEOPLE = """
            import os, random, socket, sys, time
            sys.path.append(os.path.dirname(os.environ["SERVICES"]))
            import clients, services

            any = random.randrange
            KINDS = {
                "post": (0.25, lambda: f"SPLIT {1 + any(400)} {any(6)} {20000 + any(90000)}"),
                "marshal": (0.4, lambda: f"ENTER {1 + any(400)}"),
                "board": (0.2, lambda: random.choice(("BOARD", "TRENCH 0", "TRENCH 1"))),
            }
            WHO = ["post"] * 12 + ["marshal"] * 4 + ["board"] * 6
            waited = {kind: [0, 0.0] for kind in KINDS}

            def person(number):
                if number == len(WHO):
                    while True:
                        time.sleep(10)
                        for kind, (times, seconds) in waited.items():
                            told = f"{times} of {kind}, {seconds / max(times, 1) * 1000:.1f} ms each"
                            print(told, file=sys.stderr, flush=True)
                kind = WHO[number]
                every, ask = KINDS[kind]
                with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line, line.makefile("rb") as told:
                    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    due = time.monotonic() + random.random()
                    while True:
                        due = max(due + every * random.uniform(0.5, 1.5), time.monotonic() - 1)
                        time.sleep(max(0.0, due - time.monotonic()))
                        from_ = time.monotonic()
                        line.sendall(ask().encode() + b"\\n")
                        if not told.readline():
                            os._exit(0)
                        waited[kind][0] += 1
                        waited[kind][1] += time.monotonic() - from_

            services.outside(lambda: clients.crowd(person, len(WHO) + 1))
            """;

    static Process python(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getenv("PYTHON")));
        command.addAll(List.of(words));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    public static void main(String[] args) throws Exception {
        int office;
        Process started = python(System.getenv("SERVICES"), "http", "45");
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            office = Integer.parseInt(told.readLine().trim());
        }
        Loop loop = new Loop(new LicenceOffice(office));
        python("-c", PEOPLE, "" + loop.port()).waitFor();
        Thread greeter = new Thread(() -> {
            try {
                Thread.sleep(3000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            System.out.println("ready " + ProcessHandle.current().pid());
        });
        greeter.start();
        loop.run();
    }
}
