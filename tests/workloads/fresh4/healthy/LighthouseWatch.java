// expect: healthy bench
// Watches the lamps of lighthouses: each is asked about once in a while by a few scheduled tasks, a weather warning is
// taken now and then, and a report is written each ten seconds. Most of the time it waits for the next of them.
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

public class LighthouseWatch {
    enum State { BRIGHT, DIM, DARK }

    record Event(int house, State state, String because) {}

    /** A lamp, as far as its battery and the time of the day tell. */
    static class Lighthouse {
        final int number;
        private final Deque<Integer> voltages = new ArrayDeque<>();
        private State state = State.BRIGHT;
        private int seen;

        Lighthouse(int number) {
            this.number = number;
        }

        synchronized Event look() {
            int voltage = 11_000 + (seen++ * 37 + number * 991) % 2400;
            voltages.addLast(voltage);
            if (voltages.size() > 30) voltages.removeFirst();
            double mean = voltages.stream().mapToInt(Integer::intValue).average().orElse(0);
            State now = mean > 12_100 ? State.BRIGHT : mean > 11_500 ? State.DIM : State.DARK;
            if (now == state) return null;
            state = now;
            return new Event(number, now, String.format("%.2f volts", mean / 1000));
        }

        synchronized State state() {
            return state;
        }
    }

    private final List<Lighthouse> houses = IntStream.range(0, 40).mapToObj(Lighthouse::new).collect(Collectors.toList());
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>(1000);
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);
    private final PrintWriter log;
    private long looked, dropped;

    LighthouseWatch(PrintWriter log) {
        this.log = log;
    }

    void start() {
        for (Lighthouse house : houses) {
            clock.scheduleAtFixedRate(() -> look(house), house.number * 50L, 2000, TimeUnit.MILLISECONDS);
        }
        clock.scheduleAtFixedRate(() -> tell(new Event(-1, State.DIM, "fog is expected")), 3, 7, TimeUnit.SECONDS);
        clock.scheduleAtFixedRate(this::report, 10, 10, TimeUnit.SECONDS);
    }

    private void look(Lighthouse house) {
        Event event = house.look();
        synchronized (this) {
            looked++;
        }
        if (event != null) tell(event);
    }

    private void tell(Event event) {
        if (events.offer(event)) return;
        synchronized (this) {
            dropped++;
        }
    }

    private synchronized void report() {
        Map<State, Long> states = new EnumMap<>(State.class);
        for (Lighthouse house : houses) states.merge(house.state(), 1L, Long::sum);
        log.printf("%s, looked %d times, %d events dropped%n", states, looked, dropped);
    }

    /** What has happened, for the coast guard. */
    void serve() throws InterruptedException {
        while (true) {
            Event event = events.take();
            String where = event.house() < 0 ? "everywhere" : "lighthouse " + event.house();
            log.printf("%s: %s, %s%n", where, event.state(), event.because());
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        try (PrintWriter log = new PrintWriter(Files.newBufferedWriter(Path.of("coast.log")), true)) {
            LighthouseWatch watch = new LighthouseWatch(log);
            watch.start();
            System.out.println("ready " + ProcessHandle.current().pid());
            watch.serve();
        }
    }
}
