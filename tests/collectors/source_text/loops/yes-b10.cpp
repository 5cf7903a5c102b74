#include <algorithm>
#include <iterator>
#include <vector>

struct Vec2 { float x, y; };

class Flock {
    std::vector<Vec2> food_;
    std::vector<Vec2> birds_;
    std::vector<int> target_;

    static float d2(const Vec2 &a, const Vec2 &b) {
        const float dx = a.x - b.x, dy = a.y - b.y;
        return dx * dx + dy * dy;
    }

public:
    int closest(const Vec2 &p) const {
        auto it = std::min_element(food_.begin(), food_.end(),
            [&](const Vec2 &a, const Vec2 &b) { return d2(a, p) < d2(b, p); }); // <- 0
        return it == food_.end() ? -1 : int(std::distance(food_.begin(), it));
    }

    void retarget() {
        target_.clear();
        std::transform(birds_.begin(), birds_.end(), std::back_inserter(target_), // <- outer
            [this](const Vec2 &b) { return closest(b); }); // <- 1
    }
};
