// expect: healthy bench
// Runs the line of a bakery: trays of dough pass the prover, the ovens and the cooling racks, one station after the
// other; each works out the temperature of its trays, and the packer at the end counts what was burnt.
// Measured: 75 wake-ups a second for nine trays, 1.8 % of a core; 16,700 and 6.6 % in the problem.
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;

public class OvenLine {
    static final int OVENS = 10;

    /** Loaves that pass the line together, and the temperature of their layers from the crust inwards. */
    static final class Tray {
        final int number;
        final long started = System.nanoTime();
        final double[] layers = new double[48];

        Tray(int number, double room) {
            this.number = number;
            Arrays.fill(layers, room);
        }

        /** Heat flows in from an air of this temperature for so many steps. */
        void warm(double air, int steps) {
            for (int step = 0; step < steps; step++) {
                double outside = air;
                for (int layer = 0; layer < layers.length; layer++) {
                    double inside = layer + 1 < layers.length ? layers[layer + 1] : layers[layer];
                    double before = layers[layer];
                    layers[layer] += 0.2 * (outside - 2 * before + inside);
                    outside = before;
                }
            }
        }

        boolean burnt() {
            return layers[0] > 205;
        }
    }

    /** Where trays stand between two stations. */
    static final class Belt {
        private static final int LENGTH = 8;
        private final BlockingQueue<Tray> trays = new ArrayBlockingQueue<>(LENGTH);

        void put(Tray tray) throws InterruptedException {
            trays.put(tray);
        }

        Tray take() throws InterruptedException {
            return trays.take();
        }
    }

    /** A thread that takes trays from a belt, works on each, and puts them onto the next. */
    abstract static class Station extends Thread {
        private final Belt from, to;
        final LongAdder passed = new LongAdder();

        Station(String name, Belt from, Belt to) {
            super(name);
            this.from = from;
            this.to = to;
        }

        abstract void treat(Tray tray) throws InterruptedException;

        @Override
        public void run() {
            try {
                while (true) {
                    Tray tray = from.take();
                    treat(tray);
                    passed.increment();
                    if (to != null) to.put(tray);
                }
            } catch (InterruptedException stopped) {
                interrupt();
            }
        }
    }

    static Station warmer(String name, Belt from, Belt to, double air, int steps) {
        return new Station(name, from, to) {
            void treat(Tray tray) {
                tray.warm(air, steps);
            }
        };
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Belt dough = new Belt(), proved = new Belt(), baked = new Belt(), cooled = new Belt();
        PrintWriter log = new PrintWriter(Files.newBufferedWriter(Path.of("line.log")));
        List<Station> stations = new ArrayList<>();
        stations.add(warmer("prover", dough, proved, 34, 6_000));
        for (int oven = 0; oven < OVENS; oven++) stations.add(warmer("oven-" + oven, proved, baked, 196 + oven, 8_000));
        for (int rack = 0; rack < 3; rack++) stations.add(warmer("rack-" + rack, baked, cooled, 22, 4_000));
        stations.add(new Station("packer", cooled, null) {
            private int burnt;

            void treat(Tray tray) throws InterruptedException {
                if (tray.burnt()) burnt++;
                long millis = (System.nanoTime() - tray.started) / 1_000_000;
                log.printf("tray %d after %d ms, %d burnt%n", tray.number, millis, burnt);
                if (tray.number % 10 == 0) log.flush();
            }
        });
        stations.forEach(Thread::start);
        System.out.println("ready " + ProcessHandle.current().pid());
        Random flour = new Random(6);
        for (int number = 0; ; number++) {
            Thread.sleep(90 + flour.nextInt(60));
            dough.put(new Tray(number, 20 + flour.nextDouble() * 4));
        }
    }
}
