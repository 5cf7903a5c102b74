package water.routing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

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

    private record Reached(int node, double loss) {}

    double[] lossesFrom(int source) {
        double[] dist = new double[pipes.size()];
        Arrays.fill(dist, Double.POSITIVE_INFINITY);
        dist[source] = 0;
        PriorityQueue<Reached> open = new PriorityQueue<>(Comparator.comparingDouble(Reached::loss));
        open.add(new Reached(source, 0));
        while (!open.isEmpty()) {
            Reached r = open.poll(); // <- hot 46
            if (r.loss() > dist[r.node()]) {
                continue;
            }
            for (Pipe p : pipes.get(r.node())) {
                double loss = r.loss() + p.loss; // <- hot 14
                if (loss < dist[p.to]) { // <- hot 12
                    dist[p.to] = loss;
                    open.add(new Reached(p.to, loss)); // <- hot 21
                }
            }
        }
        return dist;
    }
}
