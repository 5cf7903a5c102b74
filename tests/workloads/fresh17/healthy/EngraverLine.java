// expect: healthy bench
// Engraves the name plates of ships' bells. Five clerks lay out inscriptions and drive one laser, which does one
// command at a time over one connection: the lock around it guards the very thing that limits the shop, and its
// waits are the laser's. The commands of a letter depend on each other (move, burn), outlines are kept in a cache
// that is full after a moment.
//
// Measured: 23 letters a second (46 commands); 0.5 s CPU in 10 s, most of it the start of the JVM.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

public class EngraverLine {
    /** The path of one letter at one size. */
    static final class Outline {
        final float[] points;

        Outline(char letter, int size) {
            points = new float[256];
            for (int i = 0; i < points.length; i += 2) {
                double turn = i * Math.PI / 128;
                points[i] = (float) (size * Math.cos(turn * (1 + letter % 5)));
                points[i + 1] = (float) (size * Math.sin(turn * (1 + letter % 3)));
            }
        }

        double length() {
            double sum = 0;
            for (int i = 2; i < points.length; i += 2) {
                sum += Math.hypot(points[i] - points[i - 2], points[i + 1] - points[i - 1]);
            }
            return sum;
        }
    }

    /** The outlines used last; never more than so many. */
    static final class Outlines {
        private static final int MOST = 300;
        private final Map<Integer, Outline> kept = new LinkedHashMap<>(512, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Outline> eldest) {
                return size() > MOST;
            }
        };

        synchronized Outline of(char letter, int size) {
            int key = letter << 8 | size;
            Outline found = kept.get(key);
            if (found == null) {
                found = new Outline(letter, size);
                kept.put(key, found);
            }
            return found;
        }
    }

    /** The one laser. */
    static final class Laser {
        private final String base;
        private final ReentrantLock turn = new ReentrantLock(true);
        private final AtomicLong commands = new AtomicLong();
        private volatile long lastCommand = System.nanoTime();

        Laser(String base) {
            this.base = base;
        }

        private void command(String path) throws IOException {
            HttpURLConnection sent = (HttpURLConnection) new URL(base + path).openConnection();
            sent.setConnectTimeout(2000);
            sent.setReadTimeout(2000);
            try (InputStream body = sent.getInputStream()) {
                body.readAllBytes();
            }
            commands.incrementAndGet();
            lastCommand = System.nanoTime();
        }

        /** A letter is burnt in one go: nobody may move the head between the two commands. */
        void burn(int at, Outline outline) throws IOException {
            turn.lock();
            try {
                command("/move/" + at);
                command("/burn/" + Math.round(outline.length()));
            } finally {
                turn.unlock();
            }
        }

        double idleSeconds() {
            return (System.nanoTime() - lastCommand) / 1e9;
        }
    }

    static final class Clerk {
        private static final String[] SHIPS = {"Perpetua", "Night Heron", "Sedna", "Ottoline", "Corncrake", "Halcyon"};
        private final Laser laser;
        private final Outlines outlines;
        private final Random random;
        private final AtomicLong letters;
        private String plate = "";
        private int size;
        private int next;
        private double at;

        Clerk(Laser laser, Outlines outlines, long seed, AtomicLong letters) {
            this.laser = laser;
            this.outlines = outlines;
            this.random = new Random(seed);
            this.letters = letters;
        }

        void letter() {
            if (next == plate.length()) {
                plate = SHIPS[random.nextInt(SHIPS.length)].toUpperCase() + " " + (1860 + random.nextInt(160));
                size = 8 + 2 * random.nextInt(8);
                next = 0;
                at = 0;
            }
            Outline outline = outlines.of(plate.charAt(next), size);
            try {
                laser.burn((int) Math.round(at), outline);
            } catch (IOException failure) {
                System.err.println("the laser did not take a letter: " + failure);
                return;
            }
            at += outline.points[0] + 2;
            next++;
            letters.incrementAndGet();
        }
    }

    static String laserAddress() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "8")
            .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return "http://127.0.0.1:" + told.readLine().trim();
        }
    }

    public static void main(String[] args) throws Exception {
        Laser laser = new Laser(laserAddress());
        Outlines outlines = new Outlines();
        AtomicLong letters = new AtomicLong();
        List<Clerk> clerks = new ArrayList<>();
        ScheduledExecutorService desk = Executors.newScheduledThreadPool(5);
        for (int i = 0; i < 5; i++) {
            Clerk clerk = new Clerk(laser, outlines, 500 + i, letters);
            clerks.add(clerk);
            desk.scheduleAtFixedRate(clerk::letter, 37 * i, 220, TimeUnit.MILLISECONDS);
        }
        ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor();
        watch.scheduleAtFixedRate(() -> {
            if (laser.idleSeconds() > 5) {
                System.err.println("the laser stands still");
            }
        }, 1, 1, TimeUnit.SECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            Thread.sleep(7000);
            System.err.println(letters + " letters, " + laser.commands + " commands");
        }
    }
}
