// bench: healthy
// Forecast of the air in a show cave: every two seconds the readings of the last interval are put on a grid, the diffusion of
// carbon dioxide is solved on it and the visitors' desk is told how many may go in. Forty guides' handsets are connected and
// idle nearly always. Bursts of arithmetic on arrays that are made once, and quiet between.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class CaveClimate {
    static final int WIDTH = 420;
    static final int HEIGHT = 300;
    static final int STEPS = 260;
    static final int HANDSETS = 40;

    record Reading(int x, int y, double ppm) {}

    /** The cave's floor plan and what diffuses in it. */
    static final class Grid {
        private double[] now = new double[WIDTH * HEIGHT];
        private double[] next = new double[WIDTH * HEIGHT];
        private final double[] conduct = new double[WIDTH * HEIGHT];

        Grid() {
            for (int y = 1; y < HEIGHT - 1; y++) {
                for (int x = 1; x < WIDTH - 1; x++) {
                    double wall = Math.sin(x * 0.05) * Math.cos(y * 0.07);
                    conduct[y * WIDTH + x] = wall > 0.82 ? 0 : 0.18 + 0.04 * wall;
                }
            }
            java.util.Arrays.fill(now, 600);
        }

        void put(Reading reading) {
            int at = reading.y * WIDTH + reading.x;
            now[at] += 0.5 * (reading.ppm - now[at]);
        }

        void diffuse() {
            for (int y = 1; y < HEIGHT - 1; y++) {
                int row = y * WIDTH;
                for (int i = row + 1; i < row + WIDTH - 1; i++) {
                    double around = now[i - 1] + now[i + 1] + now[i - WIDTH] + now[i + WIDTH];
                    next[i] = now[i] + conduct[i] * (around - 4 * now[i]) * 0.99 - 0.0002 * (now[i] - 420);
                }
            }
            double[] kept = now;
            now = next;
            next = kept;
        }

        double worst() {
            double most = 0;
            for (double ppm : now) {
                most = Math.max(most, ppm);
            }
            return most;
        }
    }

    private final BlockingQueue<Reading> readings = new ArrayBlockingQueue<>(4096);
    private final Grid grid = new Grid();
    private volatile int admitted = 60;

    void forecast() {
        Reading reading;
        while ((reading = readings.poll()) != null) {
            grid.put(reading);
        }
        for (int step = 0; step < STEPS; step++) {
            grid.diffuse();
        }
        double worst = grid.worst();
        admitted = (int) Math.max(0, Math.min(80, (2400 - worst) / 20));
        try {
            Files.writeString(Path.of("forecast.log"), String.format("%.1f ppm, %d visitors%n", worst, admitted),
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    void handset(Socket socket) {
        try (socket) {
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            PrintWriter out = new PrintWriter(socket.getOutputStream(), false, StandardCharsets.US_ASCII);
            String line;
            while ((line = in.readLine()) != null) {
                String[] words = line.split(" ");
                readings.offer(new Reading(Integer.parseInt(words[0]) % WIDTH, Integer.parseInt(words[1]) % HEIGHT, Double.parseDouble(words[2])));
                out.println(admitted);
                out.flush();
            }
        } catch (IOException e) {
            System.err.println(e);
        }
    }

    static final String GUIDES = String.join("\n",
        "import random, socket, sys, time",
        "lines = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(" + HANDSETS + ")]",
        "rng = random.Random(3)",
        "while True:",
        "    one = rng.choice(lines)",
        "    one.sendall(b'%d %d %.1f\\n' % (rng.randrange(420), rng.randrange(300), rng.gauss(900, 120)))",
        "    if not one.recv(64): break",
        "    time.sleep(0.05)");

    public static void main(String[] args) throws Exception {
        CaveClimate climate = new CaveClimate();
        ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        String python = System.getenv().getOrDefault("PYTHON", "python3");
        new ProcessBuilder(List.of("sh", "-c", "\"$0\" -c \"$1\" \"$2\" >/dev/null 2>&1 &", python, GUIDES, String.valueOf(server.getLocalPort())))
            .start().waitFor();
        ExecutorService handsets = Executors.newFixedThreadPool(HANDSETS);
        for (int i = 0; i < HANDSETS; i++) {
            Socket socket = server.accept();
            handsets.execute(() -> climate.handset(socket));
        }
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        clock.scheduleAtFixedRate(climate::forecast, 0, 2, TimeUnit.SECONDS);
        System.out.println("ready");
    }
}
