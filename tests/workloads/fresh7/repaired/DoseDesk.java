// expect: healthy bench
// The dosing desk of a chain of veterinary clinics: takes prescriptions, works out the plan of doses for an animal of
// that kind, weight and age, and checks it against what it gets already. Plans of the same kind are worked out once.
// Measured: 4,950 prescriptions a second; heap after collections grows by 1.4 MB/s, in the twin it stays at 2 MB.

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class DoseDesk {
    static final String[] DRUGS = {"amoxicillin", "carprofen", "meloxicam", "doxycycline", "gabapentin", "furosemide"};
    static final double[] MG_PER_KG = {12.5, 4.4, 0.1, 5.0, 10.0, 2.0};
    static final int CLASSES = 6;

    /** An animal, in classes: of kind, weight and age. */
    record Profile(int kind, int weight, int age) {}

    record Prescription(long animal, int drug, Profile profile) {}

    /** What a plan depends on. */
    record PlanKey(int drug, Profile profile) {}

    /** Milligrams for each of the doses of a course. */
    record Plan(int drug, float[] doses) {
        float total() {
            float sum = 0;
            for (float dose : doses) sum += dose;
            return sum;
        }

        /** What is stuck on the box. */
        String label() {
            StringBuilder text = new StringBuilder(DRUGS[drug]).append('\n');
            for (int day = 1; day <= doses.length; day++) {
                text.append("day ").append(day).append(": ").append(doses[day - 1]).append(" mg\n");
            }
            return text.append("in all ").append(total()).append(" mg\n").toString();
        }
    }

    /** The plans that were asked for: there are 6 drugs and 216 profiles. */
    static final class Plans {
        private final Map<PlanKey, Plan> known = new ConcurrentHashMap<>();
        final LongAdder asked = new LongAdder();

        Plan of(Prescription prescription) {
            asked.increment();
            PlanKey key = new PlanKey(prescription.drug(), prescription.profile());
            return known.computeIfAbsent(key, Plans::work);
        }

        /** Doses taper off, with half-lives by kind and age. */
        private static Plan work(PlanKey key) {
            Profile animal = key.profile();
            double kilos = 1.5 * Math.pow(2, animal.weight());
            double full = MG_PER_KG[key.drug()] * kilos * (1 - 0.06 * animal.age());
            float[] doses = new float[20 + 2 * animal.kind()];
            for (int i = 0; i < doses.length; i++) {
                doses[i] = (float) (full * Math.exp(-i / (8.0 + animal.kind())));
            }
            return new Plan(key.drug(), doses);
        }
    }

    /** What animals got of late; the oldest entries make room. */
    static final class Charts {
        private static final int KEPT = 2000;
        private final Deque<Prescription> latest = new ArrayDeque<>();
        private final float[][] load = new float[4096][DRUGS.length];

        synchronized boolean admit(Prescription one, Plan plan) {
            float[] animal = load[(int) (one.animal() % load.length)];
            boolean fits = animal[one.drug()] < 3 * plan.total();
            if (fits) animal[one.drug()] += plan.total();
            latest.addLast(one);
            if (latest.size() > KEPT) {
                Prescription gone = latest.removeFirst();
                Arrays.fill(load[(int) (gone.animal() % load.length)], 0);
            }
            return fits;
        }
    }

    /** A clinic that sends a batch of prescriptions, as they come in, every 20 ms. */
    static final class Clinic implements Runnable {
        private final SplittableRandom chance;
        private final Plans plans;
        private final Charts charts;
        private final Deque<String> printer = new ArrayDeque<>();
        private long refused;

        Clinic(int number, Plans plans, Charts charts) {
            this.chance = new SplittableRandom(number);
            this.plans = plans;
            this.charts = charts;
        }

        private Prescription next() {
            Profile profile = new Profile(chance.nextInt(CLASSES), chance.nextInt(CLASSES), chance.nextInt(CLASSES));
            return new Prescription(chance.nextLong(100_000), chance.nextInt(DRUGS.length), profile);
        }

        @Override
        public void run() {
            for (int i = 0; i < 33; i++) {
                Prescription prescription = next();
                Plan plan = plans.of(prescription);
                if (charts.admit(prescription, plan)) printer.addLast(plan.label());
                else refused++;
                if (printer.size() > 100) printer.removeFirst();
            }
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        Plans plans = new Plans();
        Charts charts = new Charts();
        ScheduledExecutorService desk = Executors.newScheduledThreadPool(2);
        for (int number = 1; number <= 3; number++) {
            desk.scheduleAtFixedRate(new Clinic(number, plans, charts), 100, 20, TimeUnit.MILLISECONDS);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        for (;;) {
            Thread.sleep(5000);
            System.err.println(plans.asked.sum() + " prescriptions");
        }
    }
}
