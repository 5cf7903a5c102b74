#include <algorithm>
#include <random>
#include <vector>

namespace fx {

struct Spark {
    float x, y, vx, vy;
    float life;
    unsigned color;
};

class Emitter {
public:
    explicit Emitter(unsigned seed) : rng_(seed) {}

    void burst(float x, float y, int n) {
        std::uniform_real_distribution<float> v(-3.f, 3.f), l(0.2f, 2.5f);
        for (int i = 0; i < n; ++i)
            sparks_.push_back({x, y, v(rng_), v(rng_), l(rng_), 0xffcc33u});
    }

    void update(float dt) {
        for (auto& s : sparks_) {
            s.vy += 9.81f * dt;
            s.x += s.vx * dt;
            s.y += s.vy * dt; // <- hot 52
            s.life -= dt;
        }
        sparks_.erase(std::remove_if(sparks_.begin(), sparks_.end(),
                                     [](const Spark& s) { return s.life <= 0.f; }), // <- hot 38
                      sparks_.end());
    }

    const std::vector<Spark>& sparks() const { return sparks_; }

private:
    std::mt19937 rng_;
    std::vector<Spark> sparks_;
};

}  // namespace fx
