package quant.tree;

/** American put on a recombining binomial tree. */
public class BinomialPricer {
    private final double strike;
    private final double up;
    private final double down;
    private final double p;
    private final double discount;
    private final int steps;

    public BinomialPricer(double strike, double sigma, double rate, double years, int steps) {
        double dt = years / steps;
        this.strike = strike;
        this.steps = steps;
        this.up = Math.exp(sigma * Math.sqrt(dt));
        this.down = 1.0 / up;
        this.discount = Math.exp(-rate * dt);
        this.p = (Math.exp(rate * dt) - down) / (up - down);
    }

    private double exercise(double spot) {
        return Math.max(strike - spot, 0.0);
    }

    public double price(double spot) {
        double[] v = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            v[i] = exercise(spot * Math.pow(up, 2.0 * i - steps));
        }
        for (int step = steps - 1; step >= 0; step--) {
            double s = spot * Math.pow(up, -step);
            for (int i = 0; i <= step; i++) {
                double hold = discount * (p * v[i + 1] + (1 - p) * v[i]); // <- hot 58
                v[i] = Math.max(hold, exercise(s)); // <- hot 28
                s *= up * up;
            }
        }
        return v[0];
    }
}
