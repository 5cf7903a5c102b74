// expect: pattern=gc-pressure bench
// Counts spawning sturgeon that pass a river weir: a multibeam sonar streams its echoes over TCP, the program holds those of
// the last 0.8 s for each cell of the fan, and a cell that has many more than its neighbours holds a fish.
// Measured: 6 % of a core for the echoes, 54 to 66 % for the collector; twin: 1.5 % in all.
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;

public class SturgeonEchoes {
    static final int BEAMS = 64;
    static final int RANGES = 32;
    static final int PING_ECHOES = 1000;
    static final int PINGS_PER_SECOND = 200;
    static final long KEPT_MILLIS = 800;

    static final class Echo {
        final Long millis;
        final Float strength;
        final Double range;

        Echo(Long millis, Float strength, Double range) {
            this.millis = millis;
            this.strength = strength;
            this.range = range;
        }
    }

    /** The echoes of the last 0.8 s, by cell. */
    static final class Fan {
        private final Map<Integer, LinkedList<Echo>> cells = new HashMap<>();
        private final Map<Integer, Double> sums = new HashMap<>();

        void add(int cell, long millis, float strength, double range) {
            LinkedList<Echo> echoes = cells.computeIfAbsent(cell, c -> new LinkedList<>());
            echoes.addLast(new Echo(millis, strength, range)); // <- cost
            sums.merge(cell, (double) strength, Double::sum); // <- cost
            while (echoes.getFirst().millis < millis - KEPT_MILLIS) {
                sums.merge(cell, -(double) echoes.removeFirst().strength, Double::sum); // <- cost
            }
        }

        int count(int cell) {
            LinkedList<Echo> echoes = cells.get(cell);
            return echoes == null ? 0 : echoes.size();
        }

        double sum(int cell) {
            return sums.getOrDefault(cell, 0.0);
        }

        double lastRange(int cell) {
            return cells.get(cell).getLast().range;
        }
    }

    /** Looks for cells that stand out of those beside them. */
    static final class Counter {
        private final boolean[] held = new boolean[BEAMS * RANGES];
        private long fish;
        private double nearest = Double.MAX_VALUE;

        void look(Fan fan) {
            for (int beam = 1; beam < BEAMS - 1; beam++) {
                for (int range = 0; range < RANGES; range++) {
                    int cell = beam * RANGES + range;
                    int count = fan.count(cell);
                    int beside = (fan.count(cell - RANGES) + fan.count(cell + RANGES)) / 2;
                    boolean stands = count > 25 && count > beside * 3 / 2 && fan.sum(cell) / count > 0.4;
                    if (stands && !held[cell]) {
                        fish++;
                        nearest = Math.min(nearest, fan.lastRange(cell));
                    }
                    held[cell] = stands;
                }
            }
        }
    }

    /** A ping as it comes off the wire: its number of echoes, then beam, range in centimetres and strength of each. */
    static final class Sonar {
        private final DataInputStream in;
        private final byte[] raw = new byte[PING_ECHOES * 6];
        private int echoes;

        Sonar(Socket socket) throws IOException {
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
        }

        void next() throws IOException {
            echoes = in.readInt();
            in.readFully(raw, 0, echoes * 6);
        }

        int word(int echo, int field) {
            int at = echo * 6 + field * 2;
            return (raw[at] & 0xff) << 8 | raw[at + 1] & 0xff;
        }
    }

    static final String SONAR = String.join("\n",
        "import array, random, socket, struct, sys, time",
        "rng = random.Random(5)",
        "pings = []",
        "for n in range(40):",
        "    words = array.array('H')",
        "    for i in range(" + PING_ECHOES + "):",
        "        beam, cm = rng.randrange(64), rng.randrange(3200)",
        "        if i % 50 == 0: beam, cm = 10 + n, 1500 + n",
        "        words.extend((beam, cm, rng.randrange(65536)))",
        "    words.byteswap()",
        "    pings.append(struct.pack('!I', " + PING_ECHOES + ") + words.tobytes())",
        "to = socket.create_connection(('127.0.0.1', int(sys.argv[1])))",
        "due, n = time.monotonic(), 0",
        "while True:",
        "    to.sendall(pings[n // 200 % 40])",
        "    n += 1",
        "    due = max(due + 1 / " + PINGS_PER_SECOND + ", time.monotonic() - 0.5)",
        "    time.sleep(max(0, due - time.monotonic()))");

    static void startSonar(int port) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "\"$0\" -c \"$1\" \"$2\" >/dev/null 2>&1 &"));
        command.add(System.getenv().getOrDefault("PYTHON", "python3"));
        command.add(SONAR);
        command.add(String.valueOf(port));
        new ProcessBuilder(command).start().waitFor();
    }

    public static void main(String[] args) throws Exception {
        ServerSocket server = new ServerSocket(0, 4, InetAddress.getLoopbackAddress());
        startSonar(server.getLocalPort());
        Sonar sonar = new Sonar(server.accept());
        Fan fan = new Fan();
        Counter counter = new Counter();
        try (PrintWriter log = new PrintWriter("sturgeon.log")) {
            for (long ping = 0;; ping++) {
                sonar.next();
                long millis = System.currentTimeMillis();
                for (int echo = 0; echo < sonar.echoes; echo++) {
                    int centimetres = sonar.word(echo, 1);
                    int cell = sonar.word(echo, 0) % BEAMS * RANGES + centimetres / 100 % RANGES;
                    fan.add(cell, millis, sonar.word(echo, 2) / 65536f, centimetres / 100.0);
                }
                if (ping % 50 == 0) {
                    counter.look(fan);
                }
                if (ping == PINGS_PER_SECOND * 3) {
                    System.out.println("ready");
                }
                if (ping % (PINGS_PER_SECOND * 5) == 0) {
                    log.printf("%d fish, nearest at %.1f m%n", counter.fish, counter.nearest);
                    log.flush();
                }
            }
        }
    }
}
