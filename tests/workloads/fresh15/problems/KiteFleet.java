// expect: pattern=lock-contention bench
// Flies a fleet of kites that make electricity from their tethers: each kite's pilot reads the tether several times a
// second, gets the winch's next set point from the ground station, and enters both on the fleet's board.
//
// Measured: a turn takes 102, 65, 49 ms on average in the last three 10 s of a minute (180 ms at first, on a crowded
// machine), in the twin 12 ms in the last; both do 67 turns a second; CPU 5.1 s of 65 s, in the twin 3.3 s.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class KiteFleet {
    static final int KITES = 12;
    static final long TURN_MILLIS = 180;

    enum Phase { REEL_OUT, REEL_IN }

    record Tether(double newtons, double metres, double degrees) {}

    record SetPoint(double metresPerSecond) {}

    record KiteState(String kite, Phase phase, double metres, double joules, long turns) {
        static KiteState parked(String kite) {
            return new KiteState(kite, Phase.REEL_OUT, 180, 0, 0);
        }

        KiteState after(Tether tether, SetPoint point) {
            double seconds = TURN_MILLIS / 1000.0;
            double sign = phase == Phase.REEL_OUT ? 1 : -0.35;
            double reeled = metres + sign * point.metresPerSecond() * seconds;
            Phase next = reeled > 420 ? Phase.REEL_IN : reeled < 180 ? Phase.REEL_OUT : phase;
            double earned = sign * tether.newtons() * point.metresPerSecond() * seconds;
            return new KiteState(kite, next, reeled, joules + earned, turns + 1);
        }
    }

    /** What the control room sees: the latest state of each kite and the sum of the fleet. */
    static class Board {
        private final ReentrantLock lock = new ReentrantLock();
        private final Map<String, KiteState> states = new HashMap<>();
        private double fleetJoules;

        KiteState of(String kite) {
            lock.lock();
            try {
                return states.computeIfAbsent(kite, KiteState::parked);
            } finally {
                lock.unlock();
            }
        }

        void amend(String kite, UnaryOperator<KiteState> change) {
            lock.lock(); // <- cost
            try {
                KiteState before = states.computeIfAbsent(kite, KiteState::parked);
                KiteState now = change.apply(before);
                states.put(kite, now);
                fleetJoules += now.joules() - before.joules();
            } finally {
                lock.unlock();
            }
        }

        String summary() {
            lock.lock();
            try {
                long out = states.values().stream().filter(state -> state.phase() == Phase.REEL_OUT).count();
                long turns = states.values().stream().mapToLong(KiteState::turns).sum();
                return turns + " turns, " + out + " reel out, " + Math.round(fleetJoules / 1000) + " kJ";
            } finally {
                lock.unlock();
            }
        }
    }

    /** The ground station weighs wind and grid, and says how fast a winch shall turn. */
    static class GroundStation {
        private static final Pattern PRICE = Pattern.compile("\"price\": (\\d+)");
        private final HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(2)).build();
        private final String base;

        GroundStation(String base) {
            this.base = base;
        }

        SetPoint setPoint(String kite, Phase phase, Tether tether) {
            String path = "/" + kite + "/" + phase + "/" + Math.round(tether.newtons());
            HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                    .timeout(Duration.ofSeconds(5)).build();
            try {
                Matcher told = PRICE.matcher(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
                if (!told.find()) {
                    throw new IOException("no set point for " + kite);
                }
                return new SetPoint(2 + Integer.parseInt(told.group(1)) / 250.0);
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            } catch (InterruptedException ended) {
                throw new IllegalStateException(ended);
            }
        }
    }

    static class Pilot implements Runnable {
        private final String kite;
        private final Board board;
        private final GroundStation station;
        private final AtomicLong nanos;
        private final AtomicLong turns;

        Pilot(String kite, Board board, GroundStation station, AtomicLong nanos, AtomicLong turns) {
            this.kite = kite;
            this.board = board;
            this.station = station;
            this.nanos = nanos;
            this.turns = turns;
        }

        private Tether read(long turn) {
            double angle = turn * 0.21 + kite.hashCode() % 10;
            return new Tether(9000 + 3500 * Math.sin(angle), 180 + turn % 240, 32 + 9 * Math.cos(angle));
        }

        private void report(Tether tether) {
            board.amend(kite, state -> {
                SetPoint point = station.setPoint(kite, state.phase(), tether); // <- cost
                return state.after(tether, point);
            });
        }

        @Override
        public void run() {
            long next = System.nanoTime();
            for (long turn = 0; ; turn++) {
                long from = System.nanoTime();
                report(read(turn));
                nanos.addAndGet(System.nanoTime() - from);
                turns.incrementAndGet();
                next += TURN_MILLIS * 1_000_000;
                for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
            }
        }
    }

    static String startStation() throws IOException {
        List<String> command = List.of(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "8");
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader told = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            return "http://127.0.0.1:" + told.readLine().trim();
        }
    }

    public static void main(String[] arguments) throws Exception {
        GroundStation station = new GroundStation(startStation());
        Board board = new Board();
        AtomicLong nanos = new AtomicLong();
        AtomicLong turns = new AtomicLong();
        for (int number = 1; number <= KITES; number++) {
            new Thread(new Pilot("kite-" + number, board, station, nanos, turns), "pilot-" + number).start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(10_000);
            long each = nanos.get() / Math.max(1, turns.get()) / 1_000_000;
            System.err.println(board.summary() + ", " + each + " ms a turn");
        }
    }
}
