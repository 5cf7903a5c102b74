// expect: healthy bench
// Hawala netting: brokers of 300 towns promise each other payments all day; every two seconds there is a cut-off, at which all
// promises since the last are netted, and the few payments that settle them are written to the settlement file.
//
// Measured: 0.14 to 0.17 cores; memory steady.

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class HawalaNetting {
    static final int BROKERS = 300;
    static final int PROMISES_PER_BUNDLE = 20_000;
    static final int BUNDLES_PER_CUTOFF = 1000;

    /** A bundle of promises of one courier, in columns. */
    static final class Bundle {
        final int[] from;
        final int[] to;
        final int[] sum;

        Bundle(int size) {
            from = new int[size];
            to = new int[size];
            sum = new int[size];
        }

        void fill(SplittableRandom random) {
            for (int i = 0; i < from.length; i++) {
                from[i] = random.nextInt(BROKERS);
                to[i] = random.nextInt(BROKERS);
                sum[i] = 1 + random.nextInt(5000);
            }
        }
    }

    record Payment(int from, int to, long sum) {
    }

    record Position(int broker, long sum) {
    }

    static final class Netting {
        private final long[] positions = new long[BROKERS];

        void add(Bundle bundle) {
            for (int i = 0; i < bundle.sum.length; i++) {
                positions[bundle.from[i]] -= bundle.sum[i];
                positions[bundle.to[i]] += bundle.sum[i];
            }
        }

        /** The payments that settle all positions, the largest debtor to the largest creditor first; all are zero then. */
        List<Payment> settle() {
            Comparator<Position> largest = Comparator.comparingLong(Position::sum).reversed();
            PriorityQueue<Position> debtors = new PriorityQueue<>(largest);
            PriorityQueue<Position> creditors = new PriorityQueue<>(largest);
            for (int broker = 0; broker < BROKERS; broker++) {
                if (positions[broker] < 0) {
                    debtors.add(new Position(broker, -positions[broker]));
                } else if (positions[broker] > 0) {
                    creditors.add(new Position(broker, positions[broker]));
                }
                positions[broker] = 0;
            }
            List<Payment> payments = new ArrayList<>(BROKERS);
            while (!debtors.isEmpty() && !creditors.isEmpty()) {
                Position debtor = debtors.poll();
                Position creditor = creditors.poll();
                long sum = Math.min(debtor.sum, creditor.sum);
                payments.add(new Payment(debtor.broker, creditor.broker, sum));
                if (debtor.sum > sum) {
                    debtors.add(new Position(debtor.broker, debtor.sum - sum));
                }
                if (creditor.sum > sum) {
                    creditors.add(new Position(creditor.broker, creditor.sum - sum));
                }
            }
            return payments;
        }
    }

    static final class SettlementFile {
        private final Path path = Path.of("settlement.csv");
        private final Path fresh = Path.of("settlement.new");

        void write(List<Payment> payments) throws IOException {
            try (BufferedWriter out = Files.newBufferedWriter(fresh, StandardCharsets.US_ASCII)) {
                for (Payment payment : payments) {
                    out.write(payment.from + ";" + payment.to + ";" + payment.sum + "\n");
                }
            }
            Files.move(fresh, path, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** The couriers hand over bundles at each cut-off, and get the emptied ones back. */
    static final class Couriers {
        private final SplittableRandom random = new SplittableRandom(786);
        private final BlockingQueue<Bundle> empty = new ArrayBlockingQueue<>(4);
        private final BlockingQueue<Bundle> filled = new ArrayBlockingQueue<>(4);

        Couriers() {
            for (int i = 0; i < 4; i++) {
                empty.add(new Bundle(PROMISES_PER_BUNDLE));
            }
        }

        void bring() {
            try {
                for (int i = 0; i < BUNDLES_PER_CUTOFF; i++) {
                    Bundle bundle = empty.take();
                    bundle.fill(random);
                    filled.put(bundle);
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
    }

    static void office(Couriers couriers) {
        Netting netting = new Netting();
        SettlementFile file = new SettlementFile();
        int bundles = 0;
        try {
            while (true) {
                Bundle bundle = couriers.filled.take();
                netting.add(bundle);
                couriers.empty.put(bundle);
                if (++bundles == BUNDLES_PER_CUTOFF) {
                    file.write(netting.settle());
                    bundles = 0;
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Couriers couriers = new Couriers();
        new Thread(() -> office(couriers), "office").start();
        ScheduledExecutorService cutoffs = Executors.newSingleThreadScheduledExecutor();
        cutoffs.scheduleAtFixedRate(couriers::bring, 0, 2, TimeUnit.SECONDS);
        Thread.sleep(1000);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
