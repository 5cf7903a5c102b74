// bench: healthy
// Plans the snow guns of a ski slope: once every 1.5 s a burst of work (wet-bulb field, drift of the snow over a grid by
// relaxation, water shared out over the guns), idle in between; groomers ask for the plan over TCP. Arrays are kept,
// the eight threads of the pool mostly rest. About 15 % of a core on average.
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class SnowmakingPlan {
    static final int WIDE = 260;
    static final int LONG = 420;
    static final int GUNS = 64;
    static final int ROUNDS = 500;

    record Gun(int number, int cell, double flow) { }

    record Plan(long round, Gun[] guns, double depth, double water) { }

    private final double[] wet = new double[WIDE * LONG];
    private double[] snow = new double[WIDE * LONG];
    private double[] other = new double[WIDE * LONG];
    private final double[] flow = new double[GUNS];
    private final Random weather = new Random(11);
    private volatile Plan plan = new Plan(0, new Gun[0], 0, 0);
    private long round;

    static int cellOf(int gun) {
        return (gun / 4 * 26 + 10) * WIDE + gun % 4 * 60 + 30;
    }

    private void weather() {
        double air = -6 + 4 * Math.sin(round / 40.0) + weather.nextGaussian();
        double humid = 0.6 + 0.2 * Math.cos(round / 25.0);
        for (int y = 0; y < LONG; y++) {
            double here = air - 0.004 * y;
            for (int x = 0; x < WIDE; x++) {
                double t = here + 0.6 * Math.sin(x * 0.05);
                wet[y * WIDE + x] = t * Math.atan(0.151977 * Math.sqrt(humid * 100 + 8.313659))
                        + Math.atan(t + humid * 100) - Math.atan(humid * 100 - 1.676331) - 4.686;
            }
        }
    }

    private void drift() {
        for (int gun = 0; gun < GUNS; gun++) {
            snow[cellOf(gun)] += flow[gun] * 200;
        }
        for (int pass = 0; pass < ROUNDS; pass++) {
            double[] from = snow;
            double[] to = other;
            for (int y = 1; y < LONG - 1; y++) {
                int row = y * WIDE;
                for (int x = 1; x < WIDE - 1; x++) {
                    int i = row + x;
                    to[i] = 0.6 * from[i] + 0.09 * from[i - 1] + 0.11 * from[i + 1] + 0.08 * from[i - WIDE]
                            + 0.119 * from[i + WIDE];
                }
            }
            snow = to;
            other = from;
        }
    }

    private void shareWater() {
        PriorityQueue<Gun> need = new PriorityQueue<>((a, b) -> Double.compare(b.flow(), a.flow()));
        for (int gun = 0; gun < GUNS; gun++) {
            int cell = cellOf(gun);
            need.add(new Gun(gun, cell, Math.max(0, 60 - snow[cell]) * Math.max(0, -wet[cell])));
        }
        double water = 900;
        Gun[] guns = new Gun[GUNS];
        Arrays.fill(flow, 0);
        for (int i = 0; i < GUNS; i++) {
            Gun gun = need.poll();
            double given = Math.min(Math.min(gun.flow(), 45), water);
            water -= given;
            flow[gun.number()] = given;
            guns[gun.number()] = new Gun(gun.number(), gun.cell(), given);
        }
        double depth = 0;
        for (double d : snow) {
            depth += d;
        }
        plan = new Plan(round, guns, depth / snow.length, 900 - water);
    }

    void work() {
        round++;
        weather();
        drift();
        shareWater();
    }

    void serve(Socket socket) {
        try (socket;
                BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
                BufferedWriter out = new BufferedWriter(new OutputStreamWriter(socket.getOutputStream()))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Plan now = plan;
                int gun = Integer.parseInt(line.trim()) % GUNS;
                double given = gun < now.guns().length ? now.guns()[gun].flow() : 0;
                out.write(String.format(Locale.ROOT, "%d %.1f %.3f %.0f%n", now.round(), given, now.depth(), now.water()));
                out.flush();
            }
        } catch (IOException gone) {
            // a groomer drove out of range
        }
    }

    static void groomers(int port) throws Exception {
        Random dice = new Random();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
                BufferedWriter out = new BufferedWriter(new OutputStreamWriter(socket.getOutputStream()))) {
            String answer = "";
            while (answer != null) {
                out.write(dice.nextInt(GUNS) + "\n");
                out.flush();
                answer = in.readLine();
                Thread.sleep(40);
            }
        }
    }

    public static void main(String[] words) throws Exception {
        if (words.length > 1 && words[0].equals("groomers")) {
            groomers(Integer.parseInt(words[1]));
            return;
        }
        SnowmakingPlan planner = new SnowmakingPlan();
        ExecutorService pool = Executors.newFixedThreadPool(8);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        try (ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
            planner.work();
            clock.scheduleAtFixedRate(planner::work, 0, 1500, TimeUnit.MILLISECONDS);
            new ProcessBuilder("/bin/sh", "-c", "\"$0\" -Xmx16m -XX:TieredStopAtLevel=1 -cp \"$1\" SnowmakingPlan groomers \"$2\""
                    + " </dev/null >/dev/null 2>&1 &", System.getProperty("java.home") + File.separator + "bin/java",
                    System.getProperty("java.class.path"), String.valueOf(server.getLocalPort())).start().waitFor();
            System.out.println("ready");
            System.out.flush();
            while (true) {
                Socket socket = server.accept();
                socket.setTcpNoDelay(true);
                pool.execute(() -> planner.serve(socket));
            }
        }
    }
}
