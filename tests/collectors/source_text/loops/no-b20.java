import java.util.*;

class Tour {
    private final double[][] dist;
    private int[] order;

    Tour(double[][] dist, int[] order) {
        this.dist = dist;
        this.order = order;
    }

    private double gain(int i, int j) {
        int a = order[i], b = order[i + 1], c = order[j], d = order[(j + 1) % order.length];
        return dist[a][b] + dist[c][d] - dist[a][c] - dist[b][d]; // <- 0
    }

    private boolean pass() {
        boolean better = false;
        for (int i = 0; i < order.length - 2; i++) {
            for (int j = i + 2; j < order.length; j++) {
                if (gain(i, j) > 1e-9) { // <- 1
                    reverse(i + 1, j);
                    better = true;
                }
            }
        }
        return better;
    }

    private void reverse(int i, int j) {
        while (i < j) { int t = order[i]; order[i++] = order[j]; order[j--] = t; }
    }

    void improve() {
        while (pass()) { } // <- 2
    }
}
