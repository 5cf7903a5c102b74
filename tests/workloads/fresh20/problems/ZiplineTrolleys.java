// expect: pattern=hot-loop bench
// Listens to the trolleys of a zip-line park: each of ten trolleys carries an accelerometer and sends what it feels,
// 2000 samples a second, in blocks of 250. Every sample is filtered and compared with how much the trolley swayed in
// the last three seconds; a knock that stands out of the sway is noted for the rigger, a heavy one closes the line.
//
// Measured: CPU 0.40 of a core, in the twin 0.005; a block takes some 5 ms of it, in the twin 0.015 ms; both take in 80
// blocks of 250 samples a second, and close the same lines.
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

public class ZiplineTrolleys {
    static final int TROLLEYS = 10;
    static final int RATE = 2000;
    static final int BLOCK = 250;
    static final int MEMORY = 3 * RATE;

    static final String RADIOS = """
            import math, os, random, socket, struct, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import services
            port, trolleys, block, rate = map(int, sys.argv[1:])

            def feel(at):
                knock = 9000 * math.exp(-(at % 5300) / 40)
                return int(700 * math.sin(at / 310) + random.gauss(0, 120) + knock * math.cos(at / 3))

            def ride():
                tape = [struct.pack(f">{block}h", *map(feel, range(i * block, i * block + block))) for i in range(160)]
                lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(trolleys)]
                due, turn = time.monotonic(), 0
                while True:
                    for trolley, line in enumerate(lines):
                        head = struct.pack(">ihh", turn, trolley, block)
                        line.sendall(head + tape[(turn + trolley * 19) % len(tape)])
                    turn += 1
                    due = max(due + block / rate, time.monotonic() - 1)
                    time.sleep(max(0.0, due - time.monotonic()))

            services.outside(ride)
            """;

    record Block(int trolley, int turn, short[] samples) {
        static Block read(DataInputStream in) throws IOException {
            int turn = in.readInt();
            int trolley = in.readUnsignedShort();
            int count = in.readUnsignedShort();
            if (trolley >= TROLLEYS || count > RATE) {
                throw new IOException("block " + turn + " of trolley " + trolley + " with " + count + " samples");
            }
            short[] samples = new short[count];
            ByteBuffer.wrap(in.readNBytes(2 * count)).asShortBuffer().get(samples);
            return new Block(trolley, turn, samples);
        }
    }

    record Knock(int trolley, long sample, double strength) {}

    /** Takes away what the wheels do by themselves: a notch at their frequency. */
    static class Notch {
        private final double a1;
        private final double a2;
        private final double b1;
        private double x1;
        private double x2;
        private double y1;
        private double y2;

        Notch(double hertz) {
            double turn = 2 * Math.PI * hertz / RATE;
            double radius = 0.94;
            b1 = -2 * Math.cos(turn);
            a1 = radius * b1;
            a2 = radius * radius;
        }

        double filter(double x) {
            double y = x + b1 * x1 + x2 - a1 * y1 - a2 * y2;
            x2 = x1;
            x1 = x;
            y2 = y1;
            y1 = y;
            return y;
        }
    }

    /** The last three seconds of one trolley. */
    static class Recent {
        private final int[] values = new int[MEMORY];
        private int next;
        private int filled;

        void add(int value) {
            values[next] = value;
            next = (next + 1) % MEMORY;
            filled = Math.min(filled + 1, MEMORY);
        }

        boolean full() {
            return filled == MEMORY;
        }

        double mean() {
            long sum = 0;
            for (int i = 0; i < filled; i++) { // <- cost
                sum += values[i]; // <- cost
            }
            return (double) sum / filled;
        }

        double deviation(double mean) {
            double sum = 0;
            for (int i = 0; i < filled; i++) { // <- cost
                sum += (values[i] - mean) * (values[i] - mean); // <- cost
            }
            return Math.sqrt(sum / filled);
        }
    }

    /** What is known of one trolley; only its own reader touches it, but for the totals. */
    static class Monitor {
        private final int trolley;
        private final Notch notch = new Notch(55);
        private final Recent recent = new Recent();
        private final ArrayDeque<Knock> knocks = new ArrayDeque<>();
        private final Map<Integer, Knock> closed;
        private final int[] histogram = new int[32];
        private long sample;
        private long quietUntil;

        Monitor(int trolley, Map<Integer, Knock> closed) {
            this.trolley = trolley;
            this.closed = closed;
        }

        void accept(Block block) {
            for (short raw : block.samples()) {
                int value = (int) Math.round(notch.filter(raw));
                histogram[Math.min(31, Math.abs(value) >> 8)]++;
                if (recent.full()) {
                    judge(value);
                }
                recent.add(value);
                sample++;
            }
            if (block.turn() % 64 == 0) {
                for (int i = 0; i < histogram.length; i++) {
                    histogram[i] /= 2;
                }
            }
        }

        private void judge(int value) {
            double mean = recent.mean(); // (a trolley hangs askew when its rider is heavy)
            double strength = Math.abs(value - mean) / Math.max(1, recent.deviation(mean));
            if (strength < 6 || sample < quietUntil) {
                return;
            }
            quietUntil = sample + RATE / 10;
            Knock knock = new Knock(trolley, sample, strength);
            knocks.addLast(knock);
            if (knocks.size() > 50) {
                knocks.removeFirst();
            }
            if (strength > 9) {
                closed.put(trolley, knock);
            } else {
                closed.remove(trolley);
            }
        }
    }

    static class Station {
        private final Map<Integer, Knock> closed = new ConcurrentHashMap<>();
        private final LongAdder blocks = new LongAdder();
        private final LongAdder spent = new LongAdder();

        void listen(ServerSocket door) throws IOException {
            while (true) {
                Socket line = door.accept();
                Thread reader = new Thread(() -> follow(line), "trolley");
                reader.setDaemon(true);
                reader.start();
            }
        }

        private void follow(Socket line) {
            Monitor monitor = null;
            try (line; DataInputStream in = new DataInputStream(new BufferedInputStream(line.getInputStream()))) {
                while (true) {
                    Block block = Block.read(in);
                    long began = System.nanoTime();
                    if (monitor == null) {
                        monitor = new Monitor(block.trolley(), closed);
                    }
                    monitor.accept(block);
                    spent.add(System.nanoTime() - began);
                    blocks.increment();
                }
            } catch (EOFException e) {
                System.err.println("a trolley went into the shed");
            } catch (IOException e) {
                System.err.println(e.getMessage());
            }
        }
    }

    public static void main(String[] args) throws Exception {
        Station station = new Station();
        ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread listener = new Thread(() -> {
            try {
                station.listen(door);
            } catch (IOException e) {
                System.err.println("no more trolleys: " + e.getMessage());
            }
        });
        listener.start();
        new ProcessBuilder(System.getenv("PYTHON"), "-c", RADIOS, "" + door.getLocalPort(), "" + TROLLEYS, "" + BLOCK,
                "" + RATE).inheritIO().redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        Thread.sleep(4500); // until all have three seconds to look back on
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            System.err.printf("%d blocks, %.3f ms each, closed %s%n", station.blocks.sum(),
                    station.spent.sum() / 1e6 / station.blocks.sum(), station.closed.keySet());
        }
    }
}
