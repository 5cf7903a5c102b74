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
    return dx * dx + dy * dy < rr * rr; // <- hot 58
}

class Field {
public:
    explicit Field(std::vector<Rock> rocks) : rocks_(std::move(rocks)) {}

    std::size_t step() {
        std::size_t contacts = 0;
        for (std::size_t i = 0; i < rocks_.size(); ++i) { // <- cost
            for (std::size_t j = i + 1; j < rocks_.size(); ++j) { // <- cost hot 24
                if (touch(rocks_[i], rocks_[j])) { // <- hot 12
                    ++rocks_[i].hits;
                    ++rocks_[j].hits;
                    ++contacts;
                }
            }
        }
        return contacts;
    }

private:
    std::vector<Rock> rocks_;
};

}  // namespace space
