package market.stats;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

class TopSellers {

    enum Region { NORTH, SOUTH, EAST, WEST }

    record Sale(String seller, Region region, long cents) {}

    static final class Tally {
        final String seller;
        final long[] byRegion = new long[Region.values().length];

        Tally(String seller) {
            this.seller = seller;
        }

        long total() {
            long sum = 0;
            for (long v : byRegion) { // <- hot 12
                sum += v;
            }
            return sum;
        }
    }

    private final Map<String, Tally> tallies = new HashMap<>();

    void accept(Iterable<Sale> sales) {
        for (Sale s : sales) {
            Tally t = tallies.computeIfAbsent(s.seller(), Tally::new); // <- hot 58
            t.byRegion[s.region().ordinal()] += s.cents(); // <- hot 11
        }
    }

    List<Tally> top(int count) {
        PriorityQueue<Tally> heap = new PriorityQueue<>(Comparator.comparingLong(Tally::total));
        for (Tally t : tallies.values()) {
            heap.add(t); // <- hot 10
            if (heap.size() > count) {
                heap.poll();
            }
        }
        List<Tally> out = new ArrayList<>();
        while (!heap.isEmpty()) {
            out.add(heap.poll());
        }
        Collections.reverse(out);
        return out;
    }
}
