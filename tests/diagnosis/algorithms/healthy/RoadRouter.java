package maps.route;

import java.util.Arrays;
import java.util.PriorityQueue;

public class RoadRouter {
    private final int[] first;
    private final int[] target;
    private final float[] seconds;

    private record Item(int node, double at) implements Comparable<Item> {
        @Override
        public int compareTo(Item o) {
            return Double.compare(at, o.at);
        }
    }

    public RoadRouter(int[] first, int[] target, float[] seconds) {
        this.first = first;
        this.target = target;
        this.seconds = seconds;
    }

    public double[] from(int source) {
        double[] best = new double[first.length - 1];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        best[source] = 0;
        PriorityQueue<Item> open = new PriorityQueue<>();
        open.add(new Item(source, 0));
        while (!open.isEmpty()) {
            Item item = open.poll(); // <- hot 46
            if (item.at() > best[item.node()]) {
                continue;
            }
            for (int e = first[item.node()]; e < first[item.node() + 1]; e++) {
                double at = item.at() + seconds[e]; // <- hot 17
                if (at < best[target[e]]) { // <- hot 14
                    best[target[e]] = at;
                    open.add(new Item(target[e], at)); // <- hot 16
                }
            }
        }
        return best;
    }
}
