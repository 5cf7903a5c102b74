// bench: healthy
// The telemetry of an axolotl nursery: eight racks of tanks send readings as lines over TCP, many thousand a second;
// one event loop takes them, keeps the last readings of each tank in a ring, raises alarms, answers a rack's "ask" with
// the state of a tank, and writes a sheet of all tanks once a second.
//
// Measured: 125000 lines a second in 500 blocks; CPU 7 % of a core, RSS steady at 80 MiB.
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

public class AxolotlNursery {
    static final int RACKS = 8;
    static final int TANKS = 400;
    static final long SHEET_EVERY = 1_000_000_000L;

    static final String SENDERS = """
            import os, random, socket, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import clients, services
            port, racks, tanks, number, period = (int(word) for word in sys.argv[1:])

            def lines(rack):
                told = []
                for _ in range(number):
                    tank = random.randrange(tanks // racks) * racks + rack
                    celsius, acidity = random.gauss(16, 1.1), random.gauss(7.4, 0.2)
                    told.append(f"{tank};{celsius:.2f};{acidity:.2f};{random.randint(0, 60)}")
                return "\\n".join(told + [f"ask {rack}", ""]).encode()

            def rack(at):
                blocks = [lines(at) for _ in range(30)]
                with socket.create_connection(("127.0.0.1", port)) as line:
                    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    due = time.monotonic() + at * period / racks / 1000
                    while True:
                        time.sleep(max(0.0, due - time.monotonic()))
                        line.sendall(random.choice(blocks))
                        line.recv(4096)
                        due = max(due + period / 1000, time.monotonic() - 1)

            services.outside(lambda: clients.crowd(rack, racks))
            """;

    /** The last readings of a tank, and their sums. */
    static class Tank {
        private static final int KEPT = 256;
        private final float[] celsius = new float[KEPT];
        private final float[] acidity = new float[KEPT];
        private int count;
        private double warmth;
        private double acid;
        private int nitrate;

        void add(float degrees, float ph, int nitrates) {
            int at = count++ % KEPT;
            warmth += degrees - celsius[at];
            acid += ph - acidity[at];
            celsius[at] = degrees;
            acidity[at] = ph;
            nitrate = nitrates;
        }

        boolean endangered() {
            return nitrate > 55 || count > 0 && warmth / Math.min(count, KEPT) > 18;
        }

        String state(int number) {
            int kept = Math.max(1, Math.min(count, KEPT));
            return String.format(Locale.ROOT, "%d;%.2f;%.2f;%d%n", number, warmth / kept, acid / kept, nitrate);
        }
    }

    static class Alarms {
        private final Deque<String> last = new ArrayDeque<>();
        private long raised;

        void raise(int tank) {
            raised++;
            if (raised % 100 == 0) {
                last.addLast("tank " + tank);
                if (last.size() > 50) {
                    last.removeFirst();
                }
            }
        }
    }

    /** What a rack has sent and not yet ended with a new line; what it is to be told. */
    static class Rack {
        final ByteBuffer in = ByteBuffer.allocate(32 * 1024);
        final List<ByteBuffer> out = new ArrayList<>();
    }

    static class Parser {
        private final Tank[] tanks;
        private final Alarms alarms;
        private long lines;
        private long bad;

        Parser(Tank[] tanks, Alarms alarms) {
            this.tanks = tanks;
            this.alarms = alarms;
        }

        /** Takes all whole lines out of the buffer. */
        void take(Rack rack) {
            ByteBuffer in = rack.in;
            in.flip();
            byte[] bytes = in.array();
            int start = in.position();
            for (int at = start; at < in.limit(); at++) {
                if (bytes[at] == '\n') {
                    line(bytes, start, at, rack);
                    start = at + 1;
                }
            }
            in.position(start);
            if (start == 0 && in.limit() == in.capacity()) {
                in.position(in.limit()); // a line without an end
            }
            in.compact();
        }

        private void line(byte[] bytes, int from, int to, Rack rack) {
            lines++;
            String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
            try {
                if (text.startsWith("ask ")) {
                    int number = Integer.parseInt(text.substring(4));
                    rack.out.add(ByteBuffer.wrap(tanks[number].state(number).getBytes(StandardCharsets.ISO_8859_1)));
                    return;
                }
                int first = text.indexOf(';');
                int second = text.indexOf(';', first + 1);
                int third = text.indexOf(';', second + 1);
                int number = Integer.parseInt(text, 0, first, 10);
                tanks[number].add(Float.parseFloat(text.substring(first + 1, second)),
                        Float.parseFloat(text.substring(second + 1, third)),
                        Integer.parseInt(text, third + 1, text.length(), 10));
                if (tanks[number].endangered()) {
                    alarms.raise(number);
                }
            } catch (RuntimeException e) {
                bad++;
            }
        }
    }

    static class Sheet {
        private final Path path;
        private final Path fresh;

        Sheet(Path path) {
            this.path = path;
            fresh = path.resolveSibling(path.getFileName() + ".new");
        }

        void write(Tank[] tanks, Alarms alarms) throws IOException {
            try (BufferedWriter out = Files.newBufferedWriter(fresh)) {
                for (int number = 0; number < tanks.length; number++) {
                    out.write(tanks[number].state(number));
                }
                for (String alarm : alarms.last) {
                    out.write(alarm);
                    out.newLine();
                }
            }
            Files.move(fresh, path, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    static class Loop {
        private final Selector selector = Selector.open();
        private final ServerSocketChannel door = ServerSocketChannel.open();
        private final Parser parser;

        Loop(Parser parser) throws IOException {
            this.parser = parser;
            door.bind(new InetSocketAddress("127.0.0.1", 0));
            door.configureBlocking(false);
            door.register(selector, SelectionKey.OP_ACCEPT);
        }

        int port() throws IOException {
            return ((InetSocketAddress) door.getLocalAddress()).getPort();
        }

        void run(Runnable everySecond) throws IOException {
            long due = System.nanoTime() + SHEET_EVERY;
            while (true) {
                selector.select(Math.max(1, (due - System.nanoTime()) / 1_000_000));
                for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext();) {
                    SelectionKey key = keys.next();
                    keys.remove();
                    if (key.isAcceptable()) {
                        accept();
                    } else {
                        serve(key);
                    }
                }
                if (System.nanoTime() >= due) {
                    everySecond.run();
                    due += SHEET_EVERY;
                }
            }
        }

        private void accept() throws IOException {
            SocketChannel rack = door.accept();
            if (rack != null) {
                rack.configureBlocking(false);
                rack.register(selector, SelectionKey.OP_READ, new Rack());
            }
        }

        private void serve(SelectionKey key) throws IOException {
            SocketChannel channel = (SocketChannel) key.channel();
            Rack rack = (Rack) key.attachment();
            try {
                if (channel.read(rack.in) < 0) {
                    channel.close();
                    return;
                }
                parser.take(rack);
                for (ByteBuffer told : rack.out) {
                    channel.write(told); // (some bytes, which the line always has room for)
                }
                rack.out.clear();
            } catch (IOException e) {
                channel.close();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        Tank[] tanks = new Tank[TANKS];
        for (int number = 0; number < TANKS; number++) {
            tanks[number] = new Tank();
        }
        Alarms alarms = new Alarms();
        Parser parser = new Parser(tanks, alarms);
        Loop loop = new Loop(parser);
        Sheet sheet = new Sheet(Path.of("nursery.csv"));
        new ProcessBuilder(System.getenv("PYTHON"), "-c", SENDERS, "" + loop.port(), "" + RACKS, "" + TANKS,
                "250", "16")
                .redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
        int[] seconds = {0};
        loop.run(() -> {
            try {
                sheet.write(tanks, alarms);
            } catch (IOException e) {
                System.err.println("no sheet: " + e.getMessage());
            }
            if (++seconds[0] == 4) {
                System.out.println("ready " + ProcessHandle.current().pid());
            }
            if (seconds[0] % 10 == 0) {
                System.err.printf("%d lines, %d bad, %d alarms%n", parser.lines, parser.bad, alarms.raised);
            }
        });
    }
}
