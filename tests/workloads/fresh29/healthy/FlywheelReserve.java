// expect: healthy bench
/*
 * Reserve power from flywheels: follows the grid's frequency ten times a second, and every five seconds offers what the
 * wheels can give to the balancing market, all lots at once. Between the rounds of offers there is little to do.
 */

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

public class FlywheelReserve {
    static final int WHEELS = 48;
    static final int LOTS = 8;
    static final double NOMINAL_HZ = 50.0;
    static final double DEADBAND_HZ = 0.010;
    static final double FULL_AT_HZ = 0.200;
    static final double LOSS_PER_STEP = 0.00001;
    static final int SCENARIOS = 20000;
    static final int HORIZON_STEPS = 150;

    /** A flywheel: its energy as a share of what it can hold, and its greatest power in kW. */
    static final class Wheel {
        final double greatestPower;
        final double capacity;  // kWh
        double charge = 0.6;

        Wheel(double greatestPower, double capacity) {
            this.greatestPower = greatestPower;
            this.capacity = capacity;
        }

        double exchange(double wanted, double hours) {
            double room = wanted > 0 ? charge * capacity / hours : (1 - charge) * capacity / hours;
            double power = Math.copySign(Math.min(Math.min(Math.abs(wanted), greatestPower), room), wanted);
            charge = Math.max(0, charge - power * hours / capacity - LOSS_PER_STEP);
            return power;
        }
    }

    /** The frequency, as the measuring transformer would give it. */
    static final class Grid {
        private final Random random = new Random(50);
        private double deviation;

        double read() {
            deviation = 0.985 * deviation + random.nextGaussian() * 0.006;
            return NOMINAL_HZ + deviation;
        }
    }

    private final Wheel[] wheels = new Wheel[WHEELS];
    private final Grid grid = new Grid();
    private final HttpClient market;
    private final URI offers;
    private final AtomicInteger failed = new AtomicInteger();
    private volatile double lastFrequency = NOMINAL_HZ;
    private volatile double delivered;
    private volatile int accepted;
    private int rounds;

    FlywheelReserve(int port) {
        market = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(2)).build();
        offers = URI.create("http://127.0.0.1:" + port + "/offers/");
        for (int i = 0; i < WHEELS; i++) {
            wheels[i] = new Wheel(90 + i % 5 * 15, 20 + i % 3 * 8);
        }
    }

    void control() {
        double frequency = grid.read();
        double deviation = frequency - NOMINAL_HZ;
        double share = Math.abs(deviation) < DEADBAND_HZ ? 0
                : -Math.max(-1, Math.min(1, deviation / FULL_AT_HZ));
        double sum = 0;
        synchronized (wheels) {
            for (Wheel wheel : wheels) {
                double wanted = share * wheel.greatestPower + (wheel.charge - 0.6) * 8;
                sum += wheel.exchange(wanted, 0.1 / 3600);
            }
        }
        lastFrequency = frequency;
        delivered = sum;
    }

    /** The power that the wheels of a lot can hold in all but two of a hundred courses of the frequency. */
    double firmPower(int lot, double[] needs) {
        double charge = 0;
        double capacity = 0;
        double greatest = 0;
        synchronized (wheels) {
            for (int i = lot; i < WHEELS; i += LOTS) {
                charge += wheels[i].charge * wheels[i].capacity;
                capacity += wheels[i].capacity;
                greatest += wheels[i].greatestPower;
            }
        }
        double low = 0;
        double high = greatest;
        for (int step = 0; step < 12; step++) {
            double power = (low + high) / 2;
            double room = Math.min(charge, capacity - charge) / power;
            int broken = 0;
            for (double need : needs) {
                if (need > room) {
                    broken++;
                }
            }
            if (broken > SCENARIOS / 50) {
                high = power;
            } else {
                low = power;
            }
        }
        return low;
    }

    /** For each scenario the most energy (kWh per kW) that it takes from a wheel or puts into it. */
    private static double[] needs(SplittableRandom random) {
        double[] needs = new double[SCENARIOS];
        for (int i = 0; i < SCENARIOS; i++) {
            double deviation = 0;
            double energy = 0;
            double most = 0;
            for (int step = 0; step < HORIZON_STEPS; step++) {
                deviation = 0.97 * deviation + (random.nextDouble() - 0.5) * 0.05;
                energy += Math.max(-1, Math.min(1, deviation / FULL_AT_HZ)) * 6.0 / 3600;
                most = Math.max(most, Math.abs(energy));
            }
            needs[i] = most;
        }
        return needs;
    }

    void offer() {
        double[] needs = needs(new SplittableRandom(rounds));
        List<CompletableFuture<Boolean>> answers = new ArrayList<>(LOTS);
        for (int lot = 0; lot < LOTS; lot++) {
            long kilowatts = Math.round(firmPower(lot, needs));
            HttpRequest request = HttpRequest.newBuilder(offers.resolve(lot + "?kw=" + kilowatts))
                    .timeout(Duration.ofSeconds(3)).build();
            answers.add(market.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                    .thenApply(answer -> answer.statusCode() == 200 && answer.body().contains("price"))
                    .exceptionally(problem -> {
                        failed.incrementAndGet();
                        return false;
                    }));
        }
        int taken = 0;
        for (CompletableFuture<Boolean> answer : answers) {
            taken += answer.join() ? 1 : 0;
        }
        accepted = taken;
        rounds++;
        try {
            publish();
        } catch (IOException problem) {
            System.err.println("state not written: " + problem.getMessage());
        }
    }

    private void publish() throws IOException {
        String text = String.format("round %d: %.3f Hz, %.0f kW, %d of %d lots taken, %d requests failed%n",
                rounds, lastFrequency, delivered, accepted, LOTS, failed.get());
        Path fresh = Path.of("reserve.new");
        Files.writeString(fresh, text);
        Files.move(fresh, Path.of("reserve.txt"), StandardCopyOption.REPLACE_EXISTING);
    }

    static int startMarket() throws IOException {
        Process started = new ProcessBuilder(System.getenv("PYTHON"), System.getenv("SERVICES"), "http", "60").start();
        try (var answer = started.inputReader()) {
            return Integer.parseInt(answer.readLine().trim());
        }
    }

    public static void main(String[] arguments) throws Exception {
        FlywheelReserve reserve = new FlywheelReserve(startMarket());
        ThreadFactory names = new ThreadFactory() {
            private final AtomicInteger number = new AtomicInteger();

            @Override
            public Thread newThread(Runnable work) {
                return new Thread(work, "reserve-" + number.getAndIncrement());
            }
        };
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(2, names);
        clock.scheduleAtFixedRate(reserve::control, 0, 100, TimeUnit.MILLISECONDS);
        clock.scheduleAtFixedRate(reserve::offer, 1, 5, TimeUnit.SECONDS);
        clock.schedule(() -> {
            System.out.println("ready " + ProcessHandle.current().pid());
            System.out.flush();
        }, 4, TimeUnit.SECONDS);
    }
}
