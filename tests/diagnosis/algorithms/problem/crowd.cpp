// Separation forces of the stadium evacuation model.
#include <cmath>
#include <unordered_map>
#include <cstdint>
#include <vector>

struct Vec2 {
    double x = 0, y = 0;
    Vec2& operator+=(Vec2 o) { x += o.x; y += o.y; return *this; }
};

struct Walker {
    Vec2 pos, vel, push;
    double radius = 0.3;
};

class Crowd {
public:
    explicit Crowd(std::vector<Walker> w) : walkers_(std::move(w)) {}

    void step(double dt) {
        for (auto& w : walkers_) w.push = {};
        separate();
        for (auto& w : walkers_) {
            w.vel += {w.push.x * dt, w.push.y * dt};
            w.pos += {w.vel.x * dt, w.vel.y * dt};
        }
    }

private:
    static constexpr double kReach = 1.2;
    std::vector<Walker> walkers_;

    static void repel(Walker& a, const Walker& b) {
        const double dx = a.pos.x - b.pos.x; // <- hot 21
        const double dy = a.pos.y - b.pos.y; // <- hot 17
        const double d2 = dx * dx + dy * dy; // <- hot 22
        if (d2 >= kReach * kReach || d2 == 0) return;
        const double d = std::sqrt(d2);
        const double f = (kReach - d) / d;
        a.push += {dx * f, dy * f};
    }

    void separate() {
        for (auto& a : walkers_)
            for (const auto& b : walkers_)
                if (&a != &b) repel(a, b); // <- cost hot 33
    }
};
