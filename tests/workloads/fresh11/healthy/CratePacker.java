// expect: healthy bench
// The cargo shed of an airport: freight for the next flights is packed into containers. Flights come in bursts; a fixed
// crew of two takes them from a queue, tries several orders of packing for each, and the best is put on the load list.
// (Many short tasks, but no thread of its own for any; each packer keeps its own working space and fills it anew.)

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

public class CratePacker {
    private static final int PACKERS = 2;
    private static final int PIECES = 90;
    private static final int TRIALS = 40;
    private static final int MOST_KILOS = 1588; // of an LD3
    private static final int MOST_LITRES = 4300;

    /** The freight of a flight: kilograms and litres of each piece. */
    record Flight(String number, int[] kilos, int[] litres) {}

    record LoadList(String flight, int containers, int unused, int imbalance) {
        boolean betterThan(LoadList other) {
            return other == null || containers < other.containers
                    || containers == other.containers && imbalance < other.imbalance;
        }
    }

    /** One of the crew. */
    static final class Packer implements Runnable {
        private final BlockingQueue<Flight> waiting;
        private final BlockingQueue<LoadList> done;
        private final Random chance;
        private final int[] order = new int[PIECES];
        private final int[] kilos = new int[PIECES];
        private final int[] litres = new int[PIECES];

        Packer(int number, BlockingQueue<Flight> waiting, BlockingQueue<LoadList> done) {
            this.waiting = waiting;
            this.done = done;
            this.chance = new Random(number);
        }

        private void shuffle() {
            for (int at = PIECES - 1; at > 0; at--) {
                int other = chance.nextInt(at + 1);
                int kept = order[at];
                order[at] = order[other];
                order[other] = kept;
            }
        }

        /** Put each piece into the first container that can take it; the number of containers. */
        private int place(Flight flight) {
            int used = 0;
            for (int piece : order) {
                int weight = flight.kilos()[piece];
                int volume = flight.litres()[piece];
                int into = 0;
                while (into < used && (kilos[into] + weight > MOST_KILOS || litres[into] + volume > MOST_LITRES)) {
                    into++;
                }
                if (into == used) {
                    kilos[used] = 0;
                    litres[used++] = 0;
                }
                kilos[into] += weight;
                litres[into] += volume;
            }
            return used;
        }

        /** How far the weights of the two sides of the hold are apart, the heaviest container first. */
        private int imbalance(int used) {
            Arrays.sort(kilos, 0, used);
            int left = 0;
            int right = 0;
            for (int at = used - 1; at >= 0; at--) {
                if (left <= right) {
                    left += kilos[at];
                } else {
                    right += kilos[at];
                }
            }
            return Math.abs(left - right);
        }

        private int unused(int used) {
            int sum = 0;
            for (int at = 0; at < used; at++) {
                sum += litres[at];
            }
            return used * MOST_LITRES - sum;
        }

        private LoadList pack(Flight flight) {
            for (int at = 0; at < PIECES; at++) {
                order[at] = at;
            }
            LoadList best = null;
            for (int trial = 0; trial < TRIALS; trial++) {
                shuffle();
                int used = place(flight);
                LoadList tried = new LoadList(flight.number(), used, unused(used), imbalance(used));
                if (tried.betterThan(best)) {
                    best = tried;
                }
            }
            return best;
        }

        @Override
        public void run() {
            try {
                while (true) {
                    done.put(pack(waiting.take()));
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Writes the load lists, and hands them over whenever nothing waits. */
    static final class Office implements Runnable {
        private final BlockingQueue<LoadList> done;
        private final Path folder;

        Office(BlockingQueue<LoadList> done, Path folder) {
            this.done = done;
            this.folder = folder;
        }

        @Override
        public void run() {
            try (BufferedWriter lists = Files.newBufferedWriter(folder.resolve("lists.csv"))) {
                while (true) {
                    LoadList list = done.take();
                    lists.append(list.flight()).append(';').append(Integer.toString(list.containers())).append(';')
                            .append(Integer.toString(list.unused())).append(';')
                            .append(Integer.toString(list.imbalance())).append('\n');
                    if (done.isEmpty()) {
                        lists.flush();
                    }
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }

    private static Flight flight(Random chance, int number) {
        int[] kilos = new int[PIECES];
        int[] litres = new int[PIECES];
        for (int piece = 0; piece < PIECES; piece++) {
            kilos[piece] = 20 + chance.nextInt(400);
            litres[piece] = 60 + chance.nextInt(1400);
        }
        return new Flight("CV" + number % 900, kilos, litres);
    }

    public static void main(String[] arguments) throws Exception {
        BlockingQueue<Flight> waiting = new ArrayBlockingQueue<>(256);
        BlockingQueue<LoadList> done = new ArrayBlockingQueue<>(256);
        Office office = new Office(done, Files.createTempDirectory("shed"));
        new Thread(office, "office").start();
        for (int number = 0; number < PACKERS; number++) {
            new Thread(new Packer(number, waiting, done), "packer-" + number).start();
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        Random chance = new Random(747);
        int number = 0;
        long due = System.nanoTime();
        while (true) {
            for (int burst = 0; burst < 60; burst++) {
                waiting.put(flight(chance, number++));
            }
            due = Math.max(due + 100_000_000L, System.nanoTime() - 1_000_000_000L);
            Thread.sleep(Math.max(0, (due - System.nanoTime()) / 1_000_000));
        }
    }
}
