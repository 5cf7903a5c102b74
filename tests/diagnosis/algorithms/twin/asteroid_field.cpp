#include <cmath>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace space {

struct Rock {
    float x, y, r;
    int hits = 0;
};

constexpr float kMaxRadius = 4.0f;

inline bool touch(const Rock& a, const Rock& b) {
    const float dx = a.x - b.x, dy = a.y - b.y, rr = a.r + b.r;
    return dx * dx + dy * dy < rr * rr; // <- hot 22
}

class Field {
public:
    explicit Field(std::vector<Rock> rocks) : rocks_(std::move(rocks)) {}

    std::size_t step() {
        grid_.clear();
        for (std::uint32_t i = 0; i < rocks_.size(); ++i)
            grid_[key(cell(rocks_[i].x), cell(rocks_[i].y))].push_back(i); // <- hot 30
        std::size_t contacts = 0;
        for (std::uint32_t i = 0; i < rocks_.size(); ++i) {
            const int cx = cell(rocks_[i].x), cy = cell(rocks_[i].y);
            for (int gx = cx - 1; gx <= cx + 1; ++gx)
                for (int gy = cy - 1; gy <= cy + 1; ++gy) {
                    auto it = grid_.find(key(gx, gy)); // <- hot 28
                    if (it == grid_.end()) continue;
                    for (std::uint32_t j : it->second)
                        if (j > i && touch(rocks_[i], rocks_[j])) {
                            ++rocks_[i].hits;
                            ++rocks_[j].hits;
                            ++contacts;
                        }
                }
        }
        return contacts;
    }

private:
    static int cell(float v) { return static_cast<int>(std::floor(v / (2 * kMaxRadius))); }
    static std::int64_t key(int x, int y) { return (std::int64_t(x) << 32) ^ std::uint32_t(y); }

    std::unordered_map<std::int64_t, std::vector<std::uint32_t>> grid_;
    std::vector<Rock> rocks_;
};

}  // namespace space
