// expect: pattern=pool-undersized bench
// Border gates for falcons that travel with their keepers: when the belt brings the next cages, each gate reads a
// bird's ring and asks five registers (ring, species permit, breeder, vaccination, insurer) whether the bird may pass.
//
// Measured: a bird waits 270 to 275 ms for its verdict (503 ms while the machine was crowded), in the twin 73 to 99
// ms; both check 160 birds with 800 lookups in 10 s; CPU 1.6 s of 13 s, in the twin 1.4 s.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class FalconGates {
    static final int GATES = 8;
    static final long BELT_MILLIS = 500;

    record Falcon(String ring, String species) {}

    record Finding(String register, int standing) {
        boolean clear() {
            return standing != 0;
        }
    }

    record Verdict(Falcon falcon, List<Finding> findings) {
        boolean passes() {
            return findings.stream().filter(finding -> !finding.clear()).count() < 2;
        }
    }

    static class Named implements ThreadFactory {
        private final String name;
        private final AtomicInteger made = new AtomicInteger();

        Named(String name) {
            this.name = name;
        }

        @Override
        public Thread newThread(Runnable task) {
            Thread thread = new Thread(task, name + "-" + made.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        }
    }

    /** Asks the registers, each of which answers in its own time. */
    static class Registers {
        private static final Pattern STANDING = Pattern.compile("\"stock\": (\\d+)");
        private static final int LOOKUPS = 4;
        private final ExecutorService lookups = Executors.newFixedThreadPool(LOOKUPS, new Named("lookup")); // <- cost
        private final HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
        private final String base;
        final AtomicLong asked = new AtomicLong();

        Registers(String base) {
            this.base = base;
        }

        Future<Finding> ask(String register, String ring) {
            return lookups.submit(() -> lookup(register, ring));
        }

        private Finding lookup(String register, String ring) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/" + register + "/" + ring))
                    .timeout(Duration.ofSeconds(5)).build();
            String body = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
            asked.incrementAndGet();
            Matcher told = STANDING.matcher(body);
            if (!told.find()) {
                throw new IOException(register + " does not know " + ring);
            }
            return new Finding(register, Integer.parseInt(told.group(1)));
        }
    }

    static class PassportDesk {
        private static final List<String> NEEDED = List.of("rings", "permits", "breeders", "vaccinations", "insurers");
        private final Registers registers;

        PassportDesk(Registers registers) {
            this.registers = registers;
        }

        Verdict check(Falcon falcon) throws InterruptedException, ExecutionException {
            List<Future<Finding>> open = new ArrayList<>(NEEDED.size());
            for (String register : NEEDED) {
                open.add(registers.ask(register, falcon.ring()));
            }
            List<Finding> findings = new ArrayList<>(open.size());
            for (Future<Finding> answer : open) {
                findings.add(answer.get());
            }
            return new Verdict(falcon, findings);
        }
    }

    static class Tally {
        private final AtomicLong birds = new AtomicLong();
        private final AtomicLong passed = new AtomicLong();
        private final AtomicLong nanos = new AtomicLong();

        void add(Verdict verdict, long took) {
            birds.incrementAndGet();
            nanos.addAndGet(took);
            if (verdict.passes()) {
                passed.incrementAndGet();
            }
        }

        @Override
        public String toString() {
            long all = Math.max(1, birds.get());
            return birds + " birds, " + passed + " passed, " + nanos.get() / all / 1_000_000 + " ms each";
        }
    }

    /** One gate: takes the cage that the belt brings, and opens or stays shut. */
    static class Gate implements Runnable {
        private static final String[] SPECIES = {"gyrfalcon", "saker", "peregrine", "lanner", "barbary"};
        private final int number;
        private final PassportDesk desk;
        private final Tally tally;
        private final CyclicBarrier opening;

        Gate(int number, PassportDesk desk, Tally tally, CyclicBarrier opening) {
            this.number = number;
            this.desk = desk;
            this.tally = tally;
            this.opening = opening;
        }

        @Override
        public void run() {
            try {
                opening.await();
                long next = System.nanoTime();
                for (int cage = 0; ; cage++) {
                    String ring = "AE" + (number * 7919 + cage * 31) % 100_000;
                    Falcon falcon = new Falcon(ring, SPECIES[cage % SPECIES.length]);
                    long from = System.nanoTime();
                    tally.add(desk.check(falcon), System.nanoTime() - from);
                    next += BELT_MILLIS * 1_000_000;
                    pauseUntil(next);
                }
            } catch (Exception broken) {
                System.err.println("gate " + number + ": " + broken);
                System.exit(1);
            }
        }

        private static void pauseUntil(long next) {
            for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }

    static String startRegisters() throws IOException {
        Process process = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "40")
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            return "http://127.0.0.1:" + told.readLine().trim();
        }
    }

    public static void main(String[] arguments) throws Exception {
        Registers registers = new Registers(startRegisters());
        PassportDesk desk = new PassportDesk(registers);
        Tally tally = new Tally();
        CyclicBarrier opening = new CyclicBarrier(GATES);
        for (int number = 1; number <= GATES; number++) {
            new Thread(new Gate(number, desk, tally, opening), "gate-" + number).start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            System.err.println(tally + ", " + registers.asked + " lookups");
        }
    }
}
