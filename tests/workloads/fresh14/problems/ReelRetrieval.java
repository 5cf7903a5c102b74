// expect: pattern=hot-loop bench
// Retrieval desk of a film archive: every few moments a batch of requests for cans comes in; it is checked, put into the
// order in which the vault is walked, cut into trolley loads, and each load gets the hours that its cans must acclimatise.
// Measured: 138 ms of CPU for a batch of 900 requests, its twin 2.6 ms (20 batches in 8 s against 240; shared machine).

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

public class ReelRetrieval {
    enum Stock { NITRATE, ACETATE, POLYESTER }

    record Can(String shelf, String title, Stock stock, int part, double kilograms) {}

    record Load(int number, List<Can> cans, double kilograms, int hoursToAcclimatise) {}

    /** The floor plan: the shelves by the way that the porter goes, up one aisle and down the next. */
    static final class FloorPlan {
        private final List<String> walk = new ArrayList<>();

        FloorPlan(int aisles, int bays, int levels) {
            for (int aisle = 0; aisle < aisles; aisle++) {
                for (int step = 0; step < bays; step++) {
                    int bay = aisle % 2 == 0 ? step : bays - 1 - step;
                    for (int level = 0; level < levels; level++) {
                        walk.add(code(aisle, bay, level));
                    }
                }
            }
        }

        static String code(int aisle, int bay, int level) {
            return String.format("V2-%02d-%02d-%c", aisle, bay, 'A' + level);
        }

        List<String> shelves() {
            return walk;
        }

        Comparator<Can> byWalk() {
            return Comparator.comparingInt((Can can) -> walk.indexOf(can.shelf())).thenComparingInt(Can::part); // <- cost
        }
    }

    /** Turns the lines of the reading room's order form into cans; tells how many could not be read. */
    static final class OrderForm {
        private int unreadable;

        List<Can> read(List<String> lines) {
            List<Can> cans = new ArrayList<>(lines.size());
            Set<String> seen = new HashSet<>();
            for (String line : lines) {
                parse(line).filter(can -> seen.add(can.title() + '/' + can.part())).ifPresent(cans::add);
            }
            return cans;
        }

        private Optional<Can> parse(String line) {
            String[] fields = line.split(";");
            if (fields.length != 5) {
                unreadable++;
                return Optional.empty();
            }
            try {
                return Optional.of(new Can(fields[0], fields[1], Stock.valueOf(fields[2]),
                        Integer.parseInt(fields[3]), Double.parseDouble(fields[4])));
            } catch (IllegalArgumentException e) {
                unreadable++;
                return Optional.empty();
            }
        }
    }

    static final class Porter {
        private static final double TROLLEY_KILOGRAMS = 120;
        private final Comparator<Can> order;
        private int loads;

        Porter(FloorPlan plan) {
            this.order = plan.byWalk();
        }

        List<Load> plan(List<Can> cans) {
            List<Can> rest = new ArrayList<>(cans);
            rest.sort(order);
            List<Load> planned = new ArrayList<>();
            List<Can> onTrolley = new ArrayList<>();
            double weight = 0;
            for (Can can : rest) {
                if (weight + can.kilograms() > TROLLEY_KILOGRAMS && !onTrolley.isEmpty()) {
                    planned.add(close(onTrolley, weight));
                    onTrolley = new ArrayList<>();
                    weight = 0;
                }
                onTrolley.add(can);
                weight += can.kilograms();
            }
            if (!onTrolley.isEmpty()) {
                planned.add(close(onTrolley, weight));
            }
            return planned;
        }

        private Load close(List<Can> cans, double weight) {
            int hours = 0;
            for (Can can : cans) {
                hours = Math.max(hours, hoursUntilDry(can));
            }
            return new Load(++loads, cans, weight, hours);
        }

        /** Hours from the vault's 4 degrees until the can is above the dew point of the reading room. */
        private static int hoursUntilDry(Can can) {
            double rate = switch (can.stock()) {
                case NITRATE -> 0.11;
                case ACETATE -> 0.14;
                case POLYESTER -> 0.19;
            };
            double celsius = 4;
            int hours = 0;
            while (celsius < 13.2 && hours < 72) {
                celsius += (21 - celsius) * rate / Math.sqrt(can.kilograms());
                hours++;
            }
            return hours;
        }
    }

    private static List<String> writeOrders(Random random, List<String> shelves, int number) {
        List<String> lines = new ArrayList<>(number);
        Stock[] stocks = Stock.values();
        for (int i = 0; i < number; i++) {
            String shelf = shelves.get(random.nextInt(shelves.size()));
            if (random.nextInt(400) == 0) {
                lines.add(shelf + ";no part given");
                continue;
            }
            lines.add(shelf + ";feature " + random.nextInt(9000) + ";" + stocks[random.nextInt(3)] + ";"
                    + (1 + random.nextInt(7)) + ";" + (2 + random.nextInt(40) / 10.0));
        }
        return lines;
    }

    public static void main(String[] args) throws InterruptedException {
        FloorPlan plan = new FloorPlan(16, 30, 6);
        Random random = new Random(1895);
        OrderForm form = new OrderForm();
        Porter porter = new Porter(plan);
        Map<Stock, Double> carried = new EnumMap<>(Stock.class);
        System.out.println("ready " + ProcessHandle.current().pid());
        System.out.flush();
        for (long batch = 1; ; batch++) {
            List<Can> cans = form.read(writeOrders(random, plan.shelves(), 900));
            for (Load load : porter.plan(cans)) {
                for (Can can : load.cans()) {
                    carried.merge(can.stock(), can.kilograms(), Double::sum);
                }
            }
            if (batch % 500 == 0) {
                System.err.println("carried " + carried + ", unreadable " + form.unreadable);
                carried.clear();
            }
            Thread.sleep(30);
        }
    }
}
