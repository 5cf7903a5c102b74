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
        const double d2 = dx * dx + dy * dy;
        if (d2 >= kReach * kReach || d2 == 0) return;
        const double d = std::sqrt(d2);
        const double f = (kReach - d) / d;
        a.push += {dx * f, dy * f};
    }

    static std::int64_t cellKey(std::int32_t cx, std::int32_t cy) {
        return (static_cast<std::int64_t>(cx) << 32) ^ static_cast<std::uint32_t>(cy);
    }

    void separate() {
        std::unordered_map<std::int64_t, std::vector<int>> grid;
        auto cell = [](double v) { return static_cast<std::int32_t>(std::floor(v / kReach)); };
        for (int i = 0; i < static_cast<int>(walkers_.size()); ++i)
            grid[cellKey(cell(walkers_[i].pos.x), cell(walkers_[i].pos.y))].push_back(i); // <- hot 19
        for (int i = 0; i < static_cast<int>(walkers_.size()); ++i) {
            Walker& a = walkers_[i];
            for (int oy = -1; oy <= 1; ++oy)
                for (int ox = -1; ox <= 1; ++ox) {
                    auto it = grid.find(cellKey(cell(a.pos.x) + ox, cell(a.pos.y) + oy)); // <- hot 27
                    if (it == grid.end()) continue;
                    for (int j : it->second)
                        if (j != i) repel(a, walkers_[j]);
                }
        }
    }
};
