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

    private double value(double spot, int step) {
        double now = exercise(spot); // <- hot 18
        if (step == steps) {
            return now;
        }
        double a = value(spot * up, step + 1); // <- cost hot 34
        double b = value(spot * down, step + 1); // <- cost hot 34
        return Math.max(now, discount * (p * a + (1 - p) * b)); // <- hot 12
    }

    public double price(double spot) {
        return value(spot, 0);
    }
}
