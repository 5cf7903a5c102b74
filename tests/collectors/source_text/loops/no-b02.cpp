#include <cstdio>
#include <vector>

struct Body { double x, y, z, m, ax, ay, az; };

class Sim {
    std::vector<Body> b_;

    static void pull(Body &p, const Body &q) {
        double dx = q.x - p.x, dy = q.y - p.y, dz = q.z - p.z;
        double r2 = dx * dx + dy * dy + dz * dz + 1e-9;
        double k = q.m / (r2 * __builtin_sqrt(r2)); // <- 0
        p.ax += k * dx; p.ay += k * dy; p.az += k * dz;
    }

public:
    void forces() {
        for (size_t i = 0; i < b_.size(); ++i) {
            b_[i].ax = b_[i].ay = b_[i].az = 0;
            for (size_t j = 0; j < b_.size(); ++j)
                if (i != j) pull(b_[i], b_[j]); // <- 1
        }
    }

    void run(int steps) {
        while (steps-- > 0) {
            forces(); // <- 2
            for (auto &p : b_) { p.x += p.ax; p.y += p.ay; p.z += p.az; }
        }
    }
};
