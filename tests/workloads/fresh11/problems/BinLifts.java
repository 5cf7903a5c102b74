// expect: pattern=thread-churn bench
// The billing of a waste collection: the vehicles report each lift of a bin (the bin's chip, the kilograms, the place),
// and the lift is booked to the household's account if it is plausible.
// Measured: a telegram of 60 lifts takes 12 ms; 0.4 ms in the twin.

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

public class BinLifts {
    private static final int HOUSEHOLDS = 6000;
    private static final int LIFTS_A_TELEGRAM = 60;
    private static final long TELEGRAM_EVERY = 40_000_000L;

    enum Fraction {
        REST(31, 420),
        ORGANIC(12, 250),
        PAPER(0, 90);

        final int centsPerKilo;
        final int centsPerLift;

        Fraction(int centsPerKilo, int centsPerLift) {
            this.centsPerKilo = centsPerKilo;
            this.centsPerLift = centsPerLift;
        }
    }

    /** A bin, by the number of its chip, where it stands, and how much it can hold. */
    record Bin(int chip, int household, Fraction fraction, int litres, double north, double east) {}

    record Lift(int chip, int vehicle, int kilos, double north, double east) {}

    /** What the households owe, and when their bins were lifted last. */
    static final class Accounts {
        private final AtomicLongArray cents = new AtomicLongArray(HOUSEHOLDS);
        private final AtomicLongArray lastLift = new AtomicLongArray(HOUSEHOLDS * 3);

        void charge(Bin bin, int amount) {
            cents.addAndGet(bin.household(), amount);
        }

        /** The number of lifts so far of this bin, this one included. */
        long lifted(Bin bin) {
            return lastLift.incrementAndGet(bin.chip());
        }

        long total() {
            long sum = 0;
            for (int household = 0; household < HOUSEHOLDS; household++) {
                sum += cents.get(household);
            }
            return sum;
        }
    }

    static final class Billing {
        private final List<Bin> bins;
        private final Accounts accounts = new Accounts();
        private final AtomicLong doubtful = new AtomicLong();

        Billing(List<Bin> bins) {
            this.bins = bins;
        }

        /** Metres between the place of the lift and where the bin belongs. */
        private static double away(Bin bin, Lift lift) {
            double up = (bin.north() - lift.north()) * 111_200;
            double along = (bin.east() - lift.east()) * 111_200 * Math.cos(Math.toRadians(bin.north()));
            return Math.hypot(up, along);
        }

        private boolean plausible(Bin bin, Lift lift) {
            return lift.kilos() > 0 && lift.kilos() * 2 <= bin.litres() && away(bin, lift) < 150;
        }

        void book(Lift lift) {
            Bin bin = bins.get(lift.chip());
            if (!plausible(bin, lift)) {
                doubtful.incrementAndGet();
                return;
            }
            Fraction fraction = bin.fraction();
            int amount = fraction.centsPerLift + lift.kilos() * fraction.centsPerKilo;
            boolean reduced = accounts.lifted(bin) % 13 == 0; // each thirteenth lift is a present of the town
            accounts.charge(bin, reduced ? amount / 2 : amount);
        }

        /** Book all lifts of a telegram, side by side; it is acknowledged when all are done. */
        void take(List<Lift> telegram) throws Exception {
            List<Thread> bookings = new ArrayList<>(telegram.size());
            for (Lift lift : telegram) {
                Thread booking = new Thread(() -> book(lift)); // <- cost
                booking.start(); // <- cost
                bookings.add(booking);
            }
            for (Thread booking : bookings) {
                booking.join(); // <- cost
            }
        }

        String state() {
            return accounts.total() / 100 + " euros charged, " + doubtful.get() + " lifts in doubt\n";
        }
    }

    /** The vehicles on their rounds. */
    static final class Fleet {
        private final List<Bin> bins;
        private final Random chance = new Random(11);
        private int next;

        Fleet(List<Bin> bins) {
            this.bins = bins;
        }

        List<Lift> telegram() {
            List<Lift> lifts = new ArrayList<>(LIFTS_A_TELEGRAM);
            int vehicle = chance.nextInt(40);
            for (int at = 0; at < LIFTS_A_TELEGRAM; at++) {
                Bin bin = bins.get(next);
                next = (next + 1) % bins.size();
                int kilos = 2 + chance.nextInt(bin.litres() / 2);
                double drift = chance.nextInt(50) == 0 ? 0.01 : 0.0004;
                double north = bin.north() + (chance.nextDouble() - 0.5) * drift;
                lifts.add(new Lift(bin.chip(), vehicle, kilos, north, bin.east()));
            }
            return lifts;
        }
    }

    private static List<Bin> register() {
        Random chance = new Random(5);
        List<Bin> bins = new ArrayList<>();
        for (int household = 0; household < HOUSEHOLDS; household++) {
            double north = 49.2 + chance.nextDouble() * 0.2;
            double east = 8.4 + chance.nextDouble() * 0.3;
            for (Fraction fraction : Fraction.values()) {
                bins.add(new Bin(bins.size(), household, fraction, 80 + 40 * chance.nextInt(5), north, east));
            }
        }
        return bins;
    }

    public static void main(String[] arguments) throws Exception {
        List<Bin> bins = register();
        Billing billing = new Billing(bins);
        Fleet fleet = new Fleet(bins);
        Path state = Files.createTempDirectory("lifts").resolve("state.txt");
        System.out.println("ready " + ProcessHandle.current().pid());
        long due = System.nanoTime();
        long told = due;
        long spent = 0;
        for (long telegrams = 1; ; telegrams++) {
            List<Lift> telegram = fleet.telegram();
            long began = System.nanoTime();
            billing.take(telegram); // <- cost
            spent += System.nanoTime() - began;
            due = Math.max(due + TELEGRAM_EVERY, began - 1_000_000_000L);
            if (due - told > 3_000_000_000L) {
                told = due;
                Files.writeString(state, telegrams + " telegrams, " + spent / telegrams / 1000 + " us each, " + billing.state());
            }
            long pause = due - System.nanoTime();
            if (pause > 0) {
                Thread.sleep(pause / 1_000_000, (int) (pause % 1_000_000));
            }
        }
    }
}
