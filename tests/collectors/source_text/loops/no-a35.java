public class PageRank {
    private final int[][] links;
    private double[] rank;

    public PageRank(int[][] links) {
        this.links = links;
        this.rank = new double[links.length];
        Arrays.fill(rank, 1.0 / links.length);
    }

    private double iterate(double damping) {
        double[] next = new double[rank.length];
        Arrays.fill(next, (1 - damping) / rank.length);
        for (int p = 0; p < links.length; p++) {
            int[] out = links[p];
            for (int q : out) {
                next[q] += damping * rank[p] / out.length; // <- 0
            }
        }
        double change = 0;
        for (int i = 0; i < rank.length; i++) change += Math.abs(next[i] - rank[i]);
        rank = next;
        return change;
    }

    public double[] run() {
        while (iterate(0.85) > 1e-8) { // <- 1
            log.debug("another round");
        }
        return rank;
    }
}
