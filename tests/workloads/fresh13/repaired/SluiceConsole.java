// expect: healthy bench
// Control room of a chain of canal locks: reports of gates and water levels pass through stages (decode, check, decide,
// log), each a thread of its own with an inbox. A report comes every few dozen milliseconds and yields orders to gates.
// Measured: each stage wakes 990 times a second and more for 75 reports a second (on a busy machine; 80 ms of CPU time a
// second in all), of the twin 30 times (36 ms, 8 of them in the stages; 54 of the 80 above).
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

public class SluiceConsole {
    static final int LOCKS = 14;

    static final class Report {
        final String raw;
        final long born = System.nanoTime();
        int lock;
        double upper;
        double lower;
        String order;

        Report(String raw) {
            this.raw = raw;
        }
    }

    static final class Stage implements Runnable {
        private final String name;
        private final Consumer<Report> work;
        private final BlockingQueue<Report> inbox = new LinkedBlockingQueue<>();
        private volatile boolean open = true;

        Stage(String name, Consumer<Report> work) {
            this.name = name;
            this.work = work;
        }

        void offer(Report report) {
            inbox.add(report);
        }

        Stage start() {
            Thread thread = new Thread(this, name);
            thread.setDaemon(true);
            thread.start();
            return this;
        }

        @Override
        public void run() {
            while (open) {
                Report report;
                try {
                    report = inbox.take();
                } catch (InterruptedException stopped) {
                    return;
                }
                try {
                    work.accept(report);
                } catch (RuntimeException failure) {
                    System.err.println(name + " could not take " + report.raw + ": " + failure);
                }
            }
        }
    }

    /** The state of the locks, and what follows from it. */
    static final class Chain {
        private final Map<Integer, Deque<Double>> heads = new HashMap<>();

        String decide(Report report) {
            Deque<Double> past = heads.computeIfAbsent(report.lock, number -> new ArrayDeque<>());
            past.addLast(report.upper - report.lower);
            if (past.size() > 40) {
                past.removeFirst();
            }
            double mean = past.stream().mapToDouble(Double::doubleValue).average().orElse(0);
            double spread = past.stream().mapToDouble(head -> (head - mean) * (head - mean)).sum() / past.size();
            if (spread > 0.6) {
                return "hold gate " + report.lock;
            }
            return mean > 2.2 ? "open paddle " + report.lock : "keep " + report.lock;
        }
    }

    private final AtomicLong done = new AtomicLong();
    private final AtomicLong delay = new AtomicLong();
    private final Map<String, Integer> orders = new HashMap<>();
    private final Chain chain = new Chain();
    private final Stage log = new Stage("log", this::record);
    private final Stage decide = new Stage("decide", this::order);
    private final Stage check = new Stage("check", this::verify);
    private final Stage decode = new Stage("decode", this::parse);

    private void parse(Report report) {
        String[] parts = report.raw.split(";");
        if (parts.length != 4) {
            throw new IllegalArgumentException("four fields expected");
        }
        report.lock = Integer.parseInt(parts[1]);
        report.upper = Double.parseDouble(parts[2]);
        report.lower = Double.parseDouble(parts[3]);
        check.offer(report);
    }

    private void verify(Report report) {
        if (report.lock < 0 || report.lock >= LOCKS || report.upper < report.lower) {
            System.err.println("implausible: " + report.raw);
            return;
        }
        decide.offer(report);
    }

    private void order(Report report) {
        report.order = chain.decide(report);
        log.offer(report);
    }

    private void record(Report report) {
        orders.merge(report.order, 1, Integer::sum);
        done.incrementAndGet();
        delay.addAndGet(System.nanoTime() - report.born);
    }

    void begin() {
        for (Stage stage : List.of(log, decide, check, decode)) {
            stage.start();
        }
        ScheduledExecutorService field = Executors.newSingleThreadScheduledExecutor();
        field.scheduleAtFixedRate(this::burst, 100, 40, TimeUnit.MILLISECONDS);
        field.scheduleAtFixedRate(() -> System.err.println(done.get() + " reports, mean delay us "
                + delay.get() / Math.max(1, done.get()) / 1000), 60, 60, TimeUnit.SECONDS);
    }

    private long count;

    private void burst() {
        List<Report> reports = new ArrayList<>();
        for (int at = 0; at < 3; at++) {
            count++;
            double upper = 4.0 + Math.sin(count / 50.0);
            reports.add(new Report(Instant.now() + ";" + count % LOCKS + ";" + upper + ";" + (upper - 2.0 - count % 5 / 10.0)));
        }
        reports.forEach(decode::offer);
    }

    public static void main(String[] arguments) {
        new SluiceConsole().begin();
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
