// bench: healthy
// Keeps the saunas of a bath house as they should be: a thermometer on each of forty benches sends what it measures,
// in bursts of lines; one thread reads them all as they come (it waits in a selector), smooths them, and answers each
// burst with what stoves and ladles are to do. By the clock it looks at doors, and at benches that have gone silent.
//
// Measured: 390 bursts of 150 lines a second; CPU 0.022 of a core, RSS stays at 41 MiB.
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.PriorityQueue;

public class SaunaEvenings {
    static final int BENCHES = 40;
    static final long SILENCE = 5_000_000_000L;

    static final String THERMOMETERS = """
            import math, os, random, socket, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services
            port, benches, burst, pause = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])

            def evening(bench):
                bursts = []
                for turn in range(50):
                    lines = []
                    for i in range(turn * burst, turn * burst + burst):
                        heat = 84 + 6 * math.sin(i / 400 + bench) + random.gauss(0, 0.4)
                        lines.append(f"{bench};{heat:.2f};{18 + 9 * math.cos(i / 900):.2f};{i % 977 == 0:d}\\n")
                    bursts.append("".join(lines).encode())
                return bursts

            def glow():
                evenings = [evening(bench) for bench in range(benches)]
                lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(benches)]
                due, turn = time.monotonic(), 0
                while True:
                    for bench, line in enumerate(lines):
                        line.sendall(evenings[bench][turn % 50])
                        if turn:
                            line.recv(512)
                        time.sleep(max(0.0, due + bench * pause / benches - time.monotonic()))
                    turn += 1
                    due = max(due + pause, time.monotonic() - 1)

            services.outside(glow)
            """;

    /** What is known of a bench. */
    static class Bench {
        double heat = 80;
        double damp = 20;
        double trend;
        int doors;
        long measured;
        long heard;

        void measure(double newHeat, double newDamp, boolean door) {
            double before = heat;
            heat += 0.05 * (newHeat - heat);
            damp += 0.05 * (newDamp - damp);
            trend += 0.02 * (heat - before - trend);
            doors += door ? 1 : 0;
            measured++;
        }

        String order() {
            if (heat > 90 && trend > 0) {
                return "damper";
            }
            if (damp < 12) {
                return "ladle";
            }
            return heat < 76 && trend < 0 ? "log" : "keep";
        }
    }

    /** Numbers and lines out of a buffer, without strings. */
    static class Parser {
        private final double[] fields = new double[4];
        private int at;
        private double value;
        private double scale;

        private void begin() {
            at = 0;
            value = 0;
            scale = 0;
        }

        /** Reads what there is of whole lines; the rest of a line stays for the next time. */
        int feed(ByteBuffer from, Bench[] benches) throws IOException {
            int bench = -1;
            from.flip();
            from.mark();
            begin();
            while (from.hasRemaining()) {
                byte c = from.get();
                if (c >= '0' && c <= '9') {
                    value = scale == 0 ? value * 10 + c - '0' : value + (c - '0') * scale;
                    scale /= 10;
                } else if (c == '.') {
                    scale = 0.1;
                } else if (c == ';' || c == '\n') {
                    if (at == fields.length) {
                        throw new IOException("too many fields");
                    }
                    fields[at++] = value;
                    value = 0;
                    scale = 0;
                    if (c == '\n') {
                        bench = take(benches);
                        from.mark();
                        begin();
                    }
                } else {
                    throw new IOException("a strange letter: " + c);
                }
            }
            from.reset();
            from.compact();
            return bench;
        }

        private int take(Bench[] benches) throws IOException {
            int bench = (int) fields[0];
            if (at != fields.length || bench >= benches.length) {
                throw new IOException("not a line of a thermometer");
            }
            benches[bench].measure(fields[1], fields[2], fields[3] > 0);
            return bench;
        }
    }

    static class Line {
        final ByteBuffer in = ByteBuffer.allocateDirect(16_384);
        final ByteBuffer out = ByteBuffer.allocateDirect(512);
    }

    record Timer(long due, long period, Runnable task) implements Comparable<Timer> {
        @Override
        public int compareTo(Timer other) {
            return Long.compare(due, other.due);
        }
    }

    static class House {
        private final Bench[] benches = new Bench[BENCHES];
        private final Parser parser = new Parser();
        private final PriorityQueue<Timer> timers = new PriorityQueue<>();
        private final Selector selector;
        private long bursts;
        private int silent;

        House(ServerSocketChannel door) throws IOException {
            for (int i = 0; i < BENCHES; i++) {
                benches[i] = new Bench();
            }
            selector = Selector.open();
            door.configureBlocking(false);
            door.register(selector, SelectionKey.OP_ACCEPT);
            every(250_000_000L, this::doors);
            every(1_000_000_000L, this::silence);
            every(10_000_000_000L, this::tell);
        }

        private void every(long period, Runnable task) {
            timers.add(new Timer(System.nanoTime() + period, period, task));
        }

        private void doors() {
            for (Bench bench : benches) {
                if (bench.doors > 0) {
                    bench.heat -= 0.2 * bench.doors;
                    bench.doors = 0;
                }
            }
        }

        private void silence() {
            long now = System.nanoTime();
            silent = 0;
            for (Bench bench : benches) {
                silent += now - bench.heard > SILENCE ? 1 : 0;
            }
        }

        private void tell() {
            long measured = 0;
            for (Bench bench : benches) {
                measured += bench.measured;
                bench.measured = 0;
            }
            System.err.printf("%d lines in %d bursts, %d benches are silent%n", measured, bursts, silent);
            bursts = 0;
        }

        void run() throws IOException {
            while (true) {
                long wait = timers.peek().due() - System.nanoTime();
                if (wait <= 0) {
                    Timer timer = timers.poll();
                    timer.task().run();
                    timers.add(new Timer(timer.due() + timer.period(), timer.period(), timer.task()));
                    continue;
                }
                selector.select(wait / 1_000_000 + 1);
                for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext();) {
                    SelectionKey key = keys.next();
                    keys.remove();
                    if (key.isAcceptable()) {
                        accept((ServerSocketChannel) key.channel());
                    } else {
                        serve(key, (SocketChannel) key.channel(), (Line) key.attachment());
                    }
                }
            }
        }

        private void accept(ServerSocketChannel door) throws IOException {
            SocketChannel come = door.accept();
            if (come != null) {
                come.configureBlocking(false);
                come.register(selector, SelectionKey.OP_READ, new Line());
            }
        }

        private void serve(SelectionKey key, SocketChannel channel, Line line) throws IOException {
            try {
                if (key.isReadable()) {
                    if (channel.read(line.in) < 0) {
                        throw new IOException("a thermometer left");
                    }
                    int bench = parser.feed(line.in, benches);
                    if (bench >= 0) {
                        benches[bench].heard = System.nanoTime();
                        byte[] order = (benches[bench].order() + '\n').getBytes(StandardCharsets.US_ASCII);
                        if (line.out.remaining() >= order.length) { // else it did not listen, and gets the next one
                            line.out.put(order);
                        }
                        bursts++;
                    }
                }
                line.out.flip();
                channel.write(line.out);
                line.out.compact();
                boolean more = line.out.position() > 0;
                key.interestOps(more ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
            } catch (IOException e) {
                key.cancel();
                channel.close();
            }
        }
    }

    public static void main(String[] args) throws Exception {
        ServerSocketChannel door = ServerSocketChannel.open();
        door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        House house = new House(door);
        Thread loop = new Thread(() -> {
            try {
                house.run();
            } catch (IOException e) {
                System.err.println("the house is closed: " + e);
                System.exit(1);
            }
        }, "house");
        loop.start();
        String port = String.valueOf(((InetSocketAddress) door.getLocalAddress()).getPort());
        new ProcessBuilder(System.getenv("PYTHON"), "-c", THERMOMETERS, port, "" + BENCHES, "150", "0.1").inheritIO()
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        Thread.sleep(3000);
        System.out.println("ready " + ProcessHandle.current().pid());
        loop.join();
    }
}
