package flock;

final class Flock {
    private Boid[] boids;
    private double radius = 25;

    private double[] steer(Boid me) {
        double ax = 0, ay = 0;
        int n = 0;
        for (int i = 0; i < boids.length; i++) {
            Boid o = boids[i];
            double dx = o.x - me.x, dy = o.y - me.y;
            if (o != me && dx * dx + dy * dy <= radius * radius) { // <- 0
                ax += o.vx;
                ay += o.vy;
                n++;
            }
        }
        if (n == 0) {
            return new double[] {0, 0};
        }
        return new double[] {ax / n - me.vx, ay / n - me.vy};
    }

    void update(double dt) {
        for (Boid b : boids) { // <- outer
            double[] f = steer(b); // <- 1
            b.nvx = b.vx + f[0] * 0.05;
            b.nvy = b.vy + f[1] * 0.05;
        }
        for (Boid b : boids) {
            b.advance(dt);
        }
    }
}
