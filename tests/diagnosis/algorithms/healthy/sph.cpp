// Density pass of the splash effect: particles binned into a dense grid.
#include <algorithm>
#include <cmath>
#include <vector>

struct Particle {
    float x, y;
    float density = 0, pressure = 0;
};

class FluidGrid {
public:
    FluidGrid(float width, float height, float h)
        : h_(h), cols_(static_cast<int>(width / h) + 1), rows_(static_cast<int>(height / h) + 1),
          start_(cols_ * rows_ + 1) {}

    void rebuild(const std::vector<Particle>& ps) {
        std::fill(start_.begin(), start_.end(), 0);
        order_.resize(ps.size());
        for (const auto& p : ps) ++start_[cell(p) + 1];
        for (std::size_t c = 1; c < start_.size(); ++c) start_[c] += start_[c - 1];
        std::vector<int> next(start_.begin(), start_.end() - 1);
        for (int i = 0; i < static_cast<int>(ps.size()); ++i) order_[next[cell(ps[i])]++] = i;
    }

    void densities(std::vector<Particle>& ps, float mass) const {
        const float h2 = h_ * h_;
        for (auto& p : ps) {
            float rho = 0;
            const int cx = static_cast<int>(p.x / h_), cy = static_cast<int>(p.y / h_);
            for (int y = std::max(0, cy - 1); y <= std::min(rows_ - 1, cy + 1); ++y)
                for (int x = std::max(0, cx - 1); x <= std::min(cols_ - 1, cx + 1); ++x)
                    for (int k = start_[y * cols_ + x]; k < start_[y * cols_ + x + 1]; ++k) { // <- hot 14
                        const Particle& q = ps[order_[k]]; // <- hot 25
                        const float dx = p.x - q.x, dy = p.y - q.y;
                        const float r2 = dx * dx + dy * dy; // <- hot 24
                        if (r2 < h2) rho += mass * (h2 - r2) * (h2 - r2) * (h2 - r2); // <- hot 27
                    }
            p.density = rho;
            p.pressure = 2000.f * std::max(0.f, rho - 1000.f);
        }
    }

private:
    int cell(const Particle& p) const {
        return static_cast<int>(p.y / h_) * cols_ + static_cast<int>(p.x / h_);
    }

    float h_;
    int cols_, rows_;
    std::vector<int> start_, order_;
};
