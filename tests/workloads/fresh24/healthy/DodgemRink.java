// bench: healthy
// The rink of a dodgem ride: a controller moves the cars fifty times a second from what the pedals and wheels say (they
// come in datagrams), finds who bumps into whom, limits the current of cars that are driven too hard, and shows the rink
// to the screens around it, which ask over HTTP. A round lasts half a minute, then everybody changes.
//
// Measured: 3.6 % of a core, 50 ticks, 150 datagrams and 40 answers a second.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;

public class DodgemRink {
    static final int CARS = 36;
    static final double WIDTH = 30;
    static final double DEPTH = 18;
    static final double SIZE = 1.1;
    static final int ROUND = 30 * 50; // ticks

    /** What a driver does. */
    record Controls(double pedal, double wheel) {}

    record Seen(int car, double x, double y, double speed, int bumps) {}

    record Rink(long tick, List<Seen> cars, List<String> bumps) {}

    static class Car {
        final int number;
        double x;
        double y;
        double heading;
        double speed;
        double heat;
        int bumps;

        Car(int number) {
            this.number = number;
            x = 2 + number % 9 * 3.1;
            y = 2 + number / 9 * 4.3;
            heading = number;
        }

        void drive(Controls controls, double seconds) {
            double current = heat > 60 ? controls.pedal() * 0.5 : controls.pedal();
            speed += (current * 3.2 - speed * 0.9) * seconds;
            heat += (current * current * 8 - heat * 0.1) * seconds;
            heading += controls.wheel() * seconds * 1.8;
            x += Math.cos(heading) * speed * seconds;
            y += Math.sin(heading) * speed * seconds;
            if (x < SIZE || x > WIDTH - SIZE || y < SIZE || y > DEPTH - SIZE) {
                x = Math.max(SIZE, Math.min(WIDTH - SIZE, x));
                y = Math.max(SIZE, Math.min(DEPTH - SIZE, y));
                heading += Math.PI * 0.6;
                speed *= 0.4;
            }
        }
    }

    /** What the drivers did last; the receiver writes, the controller reads once a tick. */
    static class Panel {
        private final ReentrantLock lock = new ReentrantLock();
        private Controls[] controls = new Controls[CARS];
        private int changes;

        Panel() {
            Arrays.fill(controls, new Controls(0, 0));
        }

        void set(int car, Controls now) {
            lock.lock();
            try {
                controls[car] = now;
                changes++;
            } finally {
                lock.unlock();
            }
        }

        Controls[] read() {
            lock.lock();
            try {
                return controls.clone();
            } finally {
                lock.unlock();
            }
        }
    }

    static class Controller implements Runnable {
        private final Panel panel;
        private final List<Car> cars = new ArrayList<>();
        private final Deque<String> bumps = new ArrayDeque<>();
        private long tick;
        private volatile Rink shown = new Rink(0, List.of(), List.of());

        Controller(Panel panel) {
            this.panel = panel;
            change();
        }

        Rink shown() {
            return shown;
        }

        private void change() {
            cars.clear();
            for (int number = 0; number < CARS; number++) {
                cars.add(new Car(number));
            }
        }

        @Override
        public void run() {
            try {
                if (++tick % ROUND == 0) {
                    change();
                }
                Controls[] controls = panel.read();
                for (Car car : cars) {
                    car.drive(controls[car.number], 0.02);
                }
                bump();
                if (tick % 5 == 0) {
                    show();
                }
            } catch (RuntimeException e) {
                System.err.println("tick " + tick + ": " + e);
            }
        }

        /** Each with each: there are 36. */
        private void bump() {
            for (int i = 0; i < CARS; i++) {
                Car one = cars.get(i);
                for (int j = i + 1; j < CARS; j++) {
                    Car other = cars.get(j);
                    double dx = other.x - one.x;
                    double dy = other.y - one.y;
                    double distance = dx * dx + dy * dy;
                    if (distance < SIZE * SIZE) {
                        part(one, other, dx, dy, Math.sqrt(distance));
                    }
                }
            }
        }

        private void part(Car one, Car other, double dx, double dy, double distance) {
            double push = (SIZE - distance) / 2 / Math.max(distance, 0.01);
            one.x -= dx * push;
            one.y -= dy * push;
            other.x += dx * push;
            other.y += dy * push;
            double hard = Math.abs(one.speed - other.speed);
            double swap = one.speed;
            one.speed = other.speed * 0.8;
            other.speed = swap * 0.8;
            one.bumps++;
            other.bumps++;
            if (hard > 1.2) {
                bumps.addLast(one.number + " x " + other.number);
                if (bumps.size() > 20) {
                    bumps.removeFirst();
                }
            }
        }

        private void show() {
            List<Seen> seen = new ArrayList<>(CARS);
            for (Car car : cars) {
                seen.add(new Seen(car.number, car.x, car.y, car.speed, car.bumps));
            }
            shown = new Rink(tick, seen, List.copyOf(bumps));
        }
    }

    /** Takes the datagrams of the cars: number, pedal, wheel. */
    static class Receiver implements Runnable {
        private final DatagramSocket socket;
        private final Panel panel;
        private final LongAdder refused = new LongAdder();

        Receiver(Panel panel) throws SocketException {
            this.panel = panel;
            this.socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        }

        @Override
        public void run() {
            ByteBuffer bytes = ByteBuffer.allocate(64);
            DatagramPacket packet = new DatagramPacket(bytes.array(), bytes.capacity());
            while (true) {
                try {
                    packet.setLength(64);
                    socket.receive(packet);
                } catch (IOException e) {
                    System.err.println("receiver: " + e.getMessage());
                    return;
                }
                int car = bytes.get(0);
                if (packet.getLength() != 3 || car < 0 || car >= CARS) {
                    refused.increment();
                } else {
                    panel.set(car, new Controls(bytes.get(1) / 100.0, bytes.get(2) / 100.0));
                }
            }
        }
    }

    static class Screens {
        private final Controller controller;
        private final LongAdder served = new LongAdder();

        Screens(Controller controller) {
            this.controller = controller;
        }

        void show(HttpExchange exchange) throws IOException {
            Rink rink = controller.shown();
            StringBuilder text = new StringBuilder(2048).append("{\"tick\": ").append(rink.tick()).append(", \"cars\": [");
            for (Seen seen : rink.cars()) {
                text.append(seen.car() == 0 ? "[" : ", [").append(seen.car()).append(", ");
                text.append(Math.round(seen.x() * 100)).append(", ").append(Math.round(seen.y() * 100)).append(", ");
                text.append(Math.round(seen.speed() * 100)).append(", ").append(seen.bumps()).append(']');
            }
            text.append("], \"bumps\": \"").append(String.join("; ", rink.bumps())).append("\"}\n");
            byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
            served.increment();
        }
    }

    /** Drivers and screens, in processes of their own. */
    private static final String FAIRGROUND = """
            import os, random, socket, sys, time
            sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
            import clients, services

            def drive():
                line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                line.connect(("127.0.0.1", int(sys.argv[1])))
                due = time.monotonic()
                while True:
                    for car in random.sample(range(36), 12):
                        line.send(bytes((car, random.randrange(20, 100), random.randrange(256))))
                    due += 0.08
                    time.sleep(max(0.0, due - time.monotonic()))

            services.outside(drive)
            services.outside(lambda: clients.come(int(sys.argv[2]), ["/rink"], 40, 6))
            """;

    public static void main(String[] args) throws Exception {
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Panel panel = new Panel();
        Controller controller = new Controller(panel);
        Receiver receiver = new Receiver(panel);
        Screens screens = new Screens(controller);
        Thread receiving = new Thread(receiver, "receiver");
        receiving.setDaemon(true);
        receiving.start();
        Executors.newSingleThreadScheduledExecutor().scheduleAtFixedRate(controller, 20, 20, TimeUnit.MILLISECONDS);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 64);
        server.createContext("/rink", screens::show);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        new ProcessBuilder(System.getenv("PYTHON"), "-c", FAIRGROUND, "" + receiver.socket.getLocalPort(),
                "" + server.getAddress().getPort()).redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        Thread.sleep(2_500);
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(5_000);
            System.err.printf("tick %d, %d answers, %d refused%n", controller.shown().tick(), screens.served.sum(),
                    receiver.refused.sum());
        }
    }
}
