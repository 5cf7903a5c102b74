// expect: healthy bench
// The tills of a chain of pharmacies: what a patient pays for a medicine depends on the insurer's contract, the pack
// and the day's rebates. The tills ask for receipts, and a price that has been worked out is kept for the next customer.
// Measured: what collections leave stays at 6 MB once all prices are known, within 10 s; in the problem it rises by
// 2.5 MB/s.

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

public class TillPrices {
    private static final int MEDICINES = 900;
    private static final int INSURERS = 12;
    private static final int TILLS = 4;

    /** A pack of a medicine. */
    record Pack(int code, String name, int pieces, int listPrice) {}

    /** What was agreed with an insurer: per mille of the list price, and what the patient adds. */
    record Contract(int insurer, int rebate, int least, int most) {
        int patientPays(int price) {
            return Math.max(least, Math.min(most, price / 10));
        }
    }

    /** What a price depends on. */
    record Terms(int code, int insurer, boolean exempt) {
        @Override
        public String toString() {
            return code + "/" + insurer + (exempt ? "/exempt" : "");
        }
    }

    record Price(int insurerPays, int patientPays, String note) {}

    /** The prices of today. */
    static final class PriceList {
        private final Map<Integer, Pack> packs;
        private final Contract[] contracts;
        private final Map<Terms, Price> known = new ConcurrentHashMap<>();

        PriceList(Map<Integer, Pack> packs, Contract[] contracts) {
            this.packs = packs;
            this.contracts = contracts;
        }

        Pack pack(int code) {
            return packs.get(code);
        }

        Price of(int code, int insurer, boolean exempt) {
            return known.computeIfAbsent(new Terms(code, insurer, exempt), this::workOut);
        }

        private Price workOut(Terms terms) {
            Pack pack = packs.get(terms.code);
            Contract contract = contracts[terms.insurer];
            int price = pack.listPrice() * (1000 - contract.rebate()) / 1000;
            int patient = terms.exempt ? 0 : Math.min(price, contract.patientPays(price));
            String note = terms.exempt ? "exempt" : contract.rebate() > 120 ? "contract product" : "";
            return new Price(price - patient, patient, note);
        }

        int kept() {
            return known.size();
        }
    }

    /** One till with its customers. */
    static final class Till implements Runnable {
        private final int number;
        private final PriceList prices;
        private final Random chance;
        private final List<String> lines = new ArrayList<>();
        private final LongAdder spent;
        long customers;
        long taken;

        Till(int number, PriceList prices, LongAdder spent) {
            this.number = number;
            this.prices = prices;
            this.spent = spent;
            this.chance = new Random(number);
        }

        private void receipt(int items, int insurer, boolean exempt) {
            lines.clear();
            int sum = 0;
            for (int item = 0; item < items; item++) {
                Pack pack = prices.pack(chance.nextInt(MEDICINES));
                Price price = prices.of(pack.code(), insurer, exempt);
                sum += price.patientPays();
                String name = pack.name() + " " + pack.pieces();
                lines.add(name + " ".repeat(40 - name.length()) + cents(price.patientPays()) + " " + price.note());
            }
            lines.add("till " + number + ", to pay " + cents(sum));
            taken += sum;
            customers++;
        }

        private static String cents(int amount) {
            int rest = amount % 100;
            return amount / 100 + (rest < 10 ? ".0" : ".") + rest;
        }

        @Override
        public void run() {
            long began = System.nanoTime();
            for (int customer = 0; customer < 90; customer++) {
                receipt(1 + chance.nextInt(5), chance.nextInt(INSURERS), chance.nextInt(5) == 0);
            }
            spent.add(System.nanoTime() - began);
        }

        String last() {
            return String.join("\n", lines);
        }
    }

    private static PriceList open() {
        Random chance = new Random(77);
        Map<Integer, Pack> packs = new ConcurrentHashMap<>();
        for (int code = 0; code < MEDICINES; code++) {
            int pieces = 10 * (1 + chance.nextInt(10));
            packs.put(code, new Pack(code, "medicine no. " + code, pieces, 250 + chance.nextInt(9000)));
        }
        Contract[] contracts = new Contract[INSURERS];
        for (int insurer = 0; insurer < INSURERS; insurer++) {
            contracts[insurer] = new Contract(insurer, chance.nextInt(200), 500, 1000);
        }
        return new PriceList(packs, contracts);
    }

    public static void main(String[] arguments) throws Exception {
        PriceList prices = open();
        LongAdder spent = new LongAdder();
        List<Till> tills = new ArrayList<>();
        ScheduledExecutorService counter = Executors.newScheduledThreadPool(2);
        for (int number = 0; number < TILLS; number++) {
            Till till = new Till(number, prices, spent);
            tills.add(till);
            counter.scheduleAtFixedRate(till, 10 * number, 40, TimeUnit.MILLISECONDS);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        while (true) {
            Thread.sleep(3000);
            long customers = tills.stream().mapToLong(till -> till.customers).sum();
            long nanos = spent.sum() / Math.max(1, customers);
            String state = customers + " customers, " + nanos + " ns each, " + prices.kept() + " prices known\n";
            Files.writeString(Path.of("tills.txt"), state + tills.get(0).last());
        }
    }
}
