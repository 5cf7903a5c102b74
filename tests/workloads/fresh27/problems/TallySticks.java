// expect: pattern=hot-loop bench
// Tally sticks: the exchequer's reconciliation. Several times a second a branch hands in its stocks (what was booked) and the
// exchequer its foils (what was paid); both are matched by reference, sum and debtor, and what is left over goes to the clerks.
//
// Measured: 0.46 to 0.49 cores here and 0.01 in the mended one, for the same deliveries.

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

public class TallySticks {
    static final int STICKS = 3500;
    static final int BRANCHES_PER_SECOND = 8;

    static final class Stick {
        final String reference;
        final int debtor;
        final long pence;
        boolean matched;

        Stick(String reference, int debtor, long pence) {
            this.reference = reference;
            this.debtor = debtor;
            this.pence = pence;
        }
    }

    static final class Delivery {
        final int branch;
        final List<Stick> stocks;
        final List<Stick> foils;

        Delivery(int branch, List<Stick> stocks, List<Stick> foils) {
            this.branch = branch;
            this.stocks = stocks;
            this.foils = foils;
        }
    }

    static final class Outcome {
        int matched;
        long matchedPence;
        final List<Stick> openStocks = new ArrayList<>();
        final List<Stick> openFoils = new ArrayList<>();
    }

    /** Makes what a branch and the exchequer would hand in. */
    static final class Branches {
        private final Random random = new Random(1282);
        private int next;

        Delivery deliver() {
            int branch = next++ % 40;
            List<Stick> stocks = new ArrayList<>(STICKS);
            List<Stick> foils = new ArrayList<>(STICKS);
            for (int i = 0; i < STICKS; i++) {
                String reference = "EX" + (100000 + branch * 4000 + i);
                int debtor = random.nextInt(800);
                long pence = 12 + random.nextInt(48000);
                int fate = random.nextInt(100);
                if (fate > 0) {
                    stocks.add(new Stick(reference, debtor, pence));
                }
                if (fate != 1) {
                    foils.add(new Stick(reference, debtor, fate == 2 ? pence + 1 : pence));
                }
            }
            Collections.shuffle(foils, random);
            return new Delivery(branch, stocks, foils);
        }
    }

    static final class Reconciler {
        Outcome reconcile(Delivery delivery) {
            Outcome outcome = new Outcome();
            for (Stick stock : delivery.stocks) { // <- cost
                Stick foil = findFoil(stock, delivery.foils); // <- cost
                if (foil == null) {
                    outcome.openStocks.add(stock);
                    continue;
                }
                foil.matched = true;
                stock.matched = true;
                outcome.matched++;
                outcome.matchedPence += stock.pence;
            }
            for (Stick foil : delivery.foils) {
                if (!foil.matched) {
                    outcome.openFoils.add(foil);
                }
            }
            return outcome;
        }

        private Stick findFoil(Stick stock, List<Stick> foils) {
            for (Stick foil : foils) { // <- cost
                if (!foil.matched && foil.reference.equals(stock.reference) // <- cost
                        && foil.pence == stock.pence && foil.debtor == stock.debtor) { // <- cost
                    return foil;
                }
            }
            return null;
        }
    }

    /** What the clerks have to look at, by branch. */
    static final class Clerks {
        private final int[] openByBranch = new int[40];
        private final long[] penceByBranch = new long[40];
        private long branches;

        void take(int branch, Outcome outcome) {
            openByBranch[branch] = outcome.openStocks.size() + outcome.openFoils.size();
            penceByBranch[branch] = outcome.matchedPence;
            branches++;
        }
    }

    public static void main(String[] arguments) {
        Branches branches = new Branches();
        Reconciler reconciler = new Reconciler();
        Clerks clerks = new Clerks();
        for (int i = 0; i < 5; i++) {
            Delivery delivery = branches.deliver();
            clerks.take(delivery.branch, reconciler.reconcile(delivery));
        }
        ScheduledExecutorService schedule = Executors.newSingleThreadScheduledExecutor();
        schedule.scheduleAtFixedRate(() -> {
            Delivery delivery = branches.deliver();
            clerks.take(delivery.branch, reconciler.reconcile(delivery));
        }, 0, 1000 / BRANCHES_PER_SECOND, TimeUnit.MILLISECONDS);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
    }
}
