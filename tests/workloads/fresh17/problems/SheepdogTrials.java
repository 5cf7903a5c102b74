// expect: pattern=lock-contention bench
// The score tent of a sheepdog trial: judges stand at six fields and enter marks for outrun, lift, fetch and pen.
// Each mark is countersigned by the course stewards' service, then it counts in the standings that the tannoy
// reads out.
//
// Measured: 52 marks a second in both; a mark takes 49 ms, in the twin 25 ms; about 0.5 s CPU in 10 s in both (with the
// start of the JVM). At 52 a second one after the other, at most 19 of the 49 ms are the mark's own.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

public class SheepdogTrials {
    enum Phase { OUTRUN, LIFT, FETCH, DRIVE, PEN }

    static final class Mark {
        final String dog;
        final Phase phase;
        final int points;

        Mark(String dog, Phase phase, int points) {
            this.dog = dog;
            this.phase = phase;
            this.points = points;
        }
    }

    static final class Signed {
        final Mark mark;
        final int seal;

        Signed(Mark mark, int seal) {
            this.mark = mark;
            this.seal = seal;
        }
    }

    /** The stewards countersign over HTTP; the connections are kept by the platform. */
    static final class Stewards {
        private final String base;

        Stewards(String base) {
            this.base = base;
        }

        Signed countersign(Mark mark) {
            try {
                URL url = new URL(base + "/marks/" + mark.dog + "/" + mark.phase + "/" + mark.points);
                HttpURLConnection asked = (HttpURLConnection) url.openConnection();
                asked.setConnectTimeout(2000);
                asked.setReadTimeout(2000);
                try (InputStream body = asked.getInputStream()) {
                    String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
                    return new Signed(mark, text.hashCode());
                }
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    static final class Standing {
        final int[] points = new int[Phase.values().length];
        final int[] marks = new int[Phase.values().length];
        int seals;

        void add(Signed signed) {
            int phase = signed.mark.phase.ordinal();
            points[phase] += signed.mark.points;
            marks[phase]++;
            seals ^= signed.seal;
        }

        double score() {
            double sum = 0;
            for (int i = 0; i < points.length; i++) {
                sum += marks[i] == 0 ? 0 : (double) points[i] / marks[i];
            }
            return sum;
        }
    }

    /** The sheet on which everything is entered. */
    static final class ScoreSheet {
        private final Stewards stewards;
        private final Map<String, Standing> standings = new HashMap<>();
        private long entered;

        ScoreSheet(Stewards stewards) {
            this.stewards = stewards;
        }

        private void book(Signed signed) {
            standings.computeIfAbsent(signed.mark.dog, dog -> new Standing()).add(signed);
            entered++;
        }

        synchronized void enter(Mark mark) { // <- cost
            book(stewards.countersign(mark)); // <- cost
        }

        synchronized String leader() {
            String best = "nobody";
            double most = -1;
            for (Map.Entry<String, Standing> entry : standings.entrySet()) {
                double score = entry.getValue().score();
                if (score > most) {
                    most = score;
                    best = entry.getKey();
                }
            }
            return best;
        }

        synchronized long entered() {
            return entered;
        }
    }

    /** A judge sees a phase end every so often, and enters the mark before the next one begins. */
    static final class Judge implements Runnable {
        private static final long PERIOD = 115_000_000L;
        private final ScoreSheet sheet;
        private final List<String> dogs;
        private final Random random;
        private final AtomicLong waited;

        Judge(ScoreSheet sheet, List<String> dogs, long seed, AtomicLong waited) {
            this.sheet = sheet;
            this.dogs = dogs;
            this.random = new Random(seed);
            this.waited = waited;
        }

        private Mark judged() {
            Phase[] phases = Phase.values();
            return new Mark(dogs.get(random.nextInt(dogs.size())), phases[random.nextInt(phases.length)],
                random.nextInt(21));
        }

        @Override
        public void run() {
            long next = System.nanoTime();
            while (true) {
                long began = System.nanoTime();
                sheet.enter(judged());
                waited.addAndGet(System.nanoTime() - began);
                next = Math.max(next + PERIOD, System.nanoTime());
                for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
            }
        }
    }

    static String stewardsAddress() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "15")
            .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(started.getInputStream()))) {
            return "http://127.0.0.1:" + told.readLine().trim();
        }
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("http.maxConnections", "12");
        ScoreSheet sheet = new ScoreSheet(new Stewards(stewardsAddress()));
        List<String> dogs = new ArrayList<>();
        for (String kennel : new String[] {"hill", "fell", "glen", "moor"}) {
            for (String name : new String[] {"Moss", "Nell", "Cap", "Fly", "Roy", "Jess", "Glen", "Meg"}) {
                dogs.add(kennel + "-" + name);
            }
        }
        AtomicLong waited = new AtomicLong();
        for (int field = 0; field < 6; field++) {
            Thread judge = new Thread(new Judge(sheet, dogs, 300 + field, waited), "judge-" + field);
            judge.setDaemon(true);
            judge.start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        while (true) {
            Thread.sleep(7000);
            long entered = sheet.entered();
            System.err.printf("%d marks, %.1f ms each, %s leads%n",
                entered, waited.get() / 1e6 / entered, sheet.leader());
        }
    }
}
