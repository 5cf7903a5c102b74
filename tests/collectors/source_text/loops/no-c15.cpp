#include <cmath>
#include <vector>

struct Body { double m, x, y, z, vx, vy, vz; };

class Galaxy {
    std::vector<Body> bodies_;
    double soft_ = 1e-3;

public:
    void kick(double dt) {
        const std::size_t n = bodies_.size();
        for (std::size_t i = 0; i < n; ++i) {
            Body& a = bodies_[i];
            for (std::size_t j = i + 1; j < n; ++j) {
                Body& b = bodies_[j];
                const double dx = b.x - a.x, dy = b.y - a.y, dz = b.z - a.z;
                const double r2 = dx * dx + dy * dy + dz * dz + soft_;
                const double f = dt / (r2 * std::sqrt(r2)); // <- 0
                a.vx += dx * f * b.m; a.vy += dy * f * b.m; a.vz += dz * f * b.m;
                b.vx -= dx * f * a.m; b.vy -= dy * f * a.m; b.vz -= dz * f * a.m;
            }
        }
    }

    void drift(double dt) {
        for (auto& b : bodies_) { b.x += b.vx * dt; b.y += b.vy * dt; b.z += b.vz * dt; }
    }
};
