package water.routing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Cheapest pressure loss from a pumping station to each junction. */
class PipeNetwork {

    static final class Pipe {
        final int to;
        final double loss;

        Pipe(int to, double loss) {
            this.to = to;
            this.loss = loss;
        }
    }

    private final List<List<Pipe>> pipes = new ArrayList<>();

    PipeNetwork(int junctions) {
        for (int i = 0; i < junctions; i++) {
            pipes.add(new ArrayList<>());
        }
    }

    void connect(int a, int b, double loss) {
        pipes.get(a).add(new Pipe(b, loss));
        pipes.get(b).add(new Pipe(a, loss));
    }

    private static int closest(Set<Integer> open, double[] dist) {
        int best = -1;
        for (int node : open) { // <- cost hot 58
            if (best < 0 || dist[node] < dist[best]) { // <- hot 34
                best = node;
            }
        }
        return best;
    }

    double[] lossesFrom(int source) {
        double[] dist = new double[pipes.size()];
        Arrays.fill(dist, Double.POSITIVE_INFINITY);
        dist[source] = 0;
        Set<Integer> open = new HashSet<>();
        for (int i = 0; i < dist.length; i++) {
            open.add(i);
        }
        while (!open.isEmpty()) {
            int node = closest(open, dist); // <- cost
            open.remove(node);
            for (Pipe p : pipes.get(node)) {
                dist[p.to] = Math.min(dist[p.to], dist[node] + p.loss);
            }
        }
        return dist;
    }
}
