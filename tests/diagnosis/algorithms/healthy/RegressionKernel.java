package stats.linear;

/** Least squares by the normal equations and a Cholesky factor. */
public final class RegressionKernel {

    private final int k;
    private final double[][] xtx;
    private final double[] xty;

    public RegressionKernel(int features) {
        this.k = features;
        this.xtx = new double[k][k];
        this.xty = new double[k];
    }

    public void observe(double[] x, double y) {
        for (int i = 0; i < k; i++) {
            double xi = x[i];
            double[] row = xtx[i];
            for (int j = 0; j <= i; j++) { // <- hot 19
                row[j] += xi * x[j]; // <- hot 55
            }
            xty[i] += xi * y;
        }
    }

    private double[][] cholesky() {
        double[][] l = new double[k][k];
        for (int i = 0; i < k; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = xtx[i][j];
                for (int m = 0; m < j; m++) {
                    sum -= l[i][m] * l[j][m]; // <- hot 17
                }
                l[i][j] = i == j ? Math.sqrt(sum) : sum / l[j][j];
            }
        }
        return l;
    }

    public double[] solve() {
        double[][] l = cholesky();
        double[] b = xty.clone();
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < i; j++) {
                b[i] -= l[i][j] * b[j];
            }
            b[i] /= l[i][i];
        }
        for (int i = k - 1; i >= 0; i--) {
            for (int j = i + 1; j < k; j++) {
                b[i] -= l[j][i] * b[j];
            }
            b[i] /= l[i][i];
        }
        return b;
    }
}
