// expect: pattern=gc-pressure bench
// Balances an energy grid: takes the loads of its meters every quarter of an hour, and forecasts those of the next from
// the last two days.
// Measured: 62 % of the time the collector makes it pause; 7.8 slots for each second of a core, 183 in the twin.
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

public class EnergyBalance {
    static final int METERS = 4000;
    static final int SLOTS = 192; // two days
    static final int REGIONS = 20;

    /** The loads of a meter, the oldest first. */
    static class History {
        private List<Double> loads = new ArrayList<>();

        History() {
            for (int slot = 0; slot < SLOTS; slot++) loads.add(0.0);
        }

        void add(double load) {
            List<Double> next = new ArrayList<>(SLOTS); // <- cost
            for (int at = 1; at < loads.size(); at++) next.add(smooth(loads.get(at), at)); // <- cost
            next.add(load); // <- cost
            loads = next;
        }

        /** Loads that are long ago move towards zero. */
        private Double smooth(double load, int at) {
            return at < SLOTS / 2 ? load * 0.999 : load; // <- cost
        }

        double forecast() {
            double sum = 0, weights = 0;
            for (int at = 0; at < SLOTS; at++) {
                double weight = at % 96 == 0 ? 8 : 1.0 + at / 64;
                sum += weight * loads.get(at);
                weights += weight;
            }
            return sum / weights;
        }
    }

    /** Says what each meter has just measured. */
    static class Field {
        private long state = 42;

        double load(int meter, int slot) {
            state = state * 6364136223846793005L + 1442695040888963407L;
            double shake = (state >>> 40) / (double) (1 << 24);
            return 0.4 + (meter % 7) * 0.3 + Math.abs(slot % 96 - 48) / 40.0 + shake;
        }
    }

    static class Balance {
        private final Map<Integer, History> histories = new HashMap<>();
        private final double[] capacity = new double[REGIONS];
        private final double[] expected = new double[REGIONS];

        Balance() {
            for (int meter = 0; meter < METERS; meter++) histories.put(meter, new History());
            for (int region = 0; region < REGIONS; region++) capacity[region] = METERS / REGIONS * (2.2 + region % 5 * 0.2);
        }

        void take(Field field, int slot) {
            for (int meter = 0; meter < METERS; meter++) {
                double load = field.load(meter, slot);
                if (Double.isNaN(load)) throw new IllegalStateException("meter " + meter + " is broken");
                histories.get(meter).add(load); // <- cost
            }
        }

        /** The regions that will need more than they have. */
        List<Integer> short_of_energy() {
            java.util.Arrays.fill(expected, 0);
            for (int meter = 0; meter < METERS; meter++) expected[meter % REGIONS] += histories.get(meter).forecast();
            List<Integer> found = new ArrayList<>();
            for (int region = 0; region < REGIONS; region++) if (expected[region] > capacity[region]) found.add(region);
            return found;
        }
    }

    static void log(String line) throws IOException {
        Files.writeString(Path.of("balance.log"), line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    public static void main(String[] arguments) throws IOException {
        Field field = new Field();
        Balance balance = new Balance();
        System.out.println("ready " + ProcessHandle.current().pid());
        long began = System.nanoTime(), told = began;
        int shortages = 0;
        for (int slot = 0;; slot++) {
            balance.take(field, slot);
            shortages += balance.short_of_energy().size();
            if (System.nanoTime() - told > 1_000_000_000L) {
                told = System.nanoTime();
                log(String.format("%.1f slots a second, %d shortages", (slot + 1) * 1e9 / (told - began), shortages));
            }
        }
    }
}
