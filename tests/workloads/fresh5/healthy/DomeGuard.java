// expect: healthy bench
// Guards the dome of a telescope: looks at the weather every half second, closes when it must, and writes a line when
// something changes. Most of the time it sleeps.
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class DomeGuard {
    record Weather(long second, double wind, double humidity, boolean rain) {
        boolean bad() {
            return rain || wind > 17 || humidity > 93;
        }
    }

    enum Shutter { OPEN, CLOSING, CLOSED, OPENING }

    record Order(Shutter to, String why) {}

    /** The station on the roof. */
    static class Station {
        private final Random random = new Random(8);
        private double wind = 9, humidity = 70;
        private long second;

        Weather read() {
            wind = Math.max(0, wind + random.nextGaussian());
            humidity = Math.min(100, Math.max(30, humidity + 2 * random.nextGaussian()));
            return new Weather(second++, wind, humidity, random.nextInt(40) == 0);
        }
    }

    /** Decides by the weather of the last ten readings. */
    static class Guard {
        private final Deque<Weather> recent = new ArrayDeque<>();
        private final BlockingQueue<Order> orders;
        private boolean closed;

        Guard(BlockingQueue<Order> orders) {
            this.orders = orders;
        }

        void look(Weather weather) {
            recent.addLast(weather);
            if (recent.size() > 10) recent.removeFirst();
            long bad = recent.stream().filter(Weather::bad).count();
            if (!closed && weather.bad()) {
                closed = true;
                orders.add(new Order(Shutter.CLOSED, weather.rain() ? "rain" : "wind or mist"));
            } else if (closed && bad == 0) {
                closed = false;
                orders.add(new Order(Shutter.OPEN, "calm for ten readings"));
            }
        }
    }

    /** Moves the shutter, which takes a second. */
    static class Motor implements Runnable {
        private final BlockingQueue<Order> orders;
        private final BufferedWriter log;
        private Shutter shutter = Shutter.OPEN;

        Motor(BlockingQueue<Order> orders, BufferedWriter log) {
            this.orders = orders;
            this.log = log;
        }

        @Override
        public void run() {
            try {
                while (true) {
                    Order order = orders.take();
                    move(order.to() == Shutter.OPEN ? Shutter.OPENING : Shutter.CLOSING, order.why());
                    TimeUnit.SECONDS.sleep(1);
                    move(order.to(), order.why());
                }
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            } catch (IOException wrong) {
                throw new IllegalStateException("the log cannot be written", wrong);
            }
        }

        private void move(Shutter to, String why) throws IOException {
            log.write(shutter + " -> " + to + ": " + why);
            log.newLine();
            log.flush();
            shutter = to;
        }
    }

    public static void main(String[] arguments) throws Exception {
        BlockingQueue<Order> orders = new LinkedBlockingQueue<>();
        Station station = new Station();
        Guard guard = new Guard(orders);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        Thread motor = new Thread(new Motor(orders, Files.newBufferedWriter(Path.of("dome.log"))), "motor");
        motor.start();
        clock.scheduleAtFixedRate(() -> guard.look(station.read()), 500, 500, TimeUnit.MILLISECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        motor.join();
    }
}
