public final class Percentiles {
    private final double[] samples;

    public Percentiles(double[] samples) {
        this.samples = samples;
    }

    private int below(double v) {
        int n = 0;
        for (double s : samples) {
            if (s < v) n++; // <- 0
        }
        return n;
    }

    public double[] ranks() {
        double[] r = new double[samples.length];
        for (int i = 0; i < samples.length; i++) { // <- outer
            r[i] = 100.0 * below(samples[i]) / samples.length; // <- 1
        }
        return r;
    }
}
