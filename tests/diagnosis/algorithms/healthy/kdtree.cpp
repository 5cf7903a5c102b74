#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

// Nearest-colour lookup for palette reduction.
using Colour = std::array<float, 3>;

class ColourTree {
public:
    explicit ColourTree(std::vector<Colour> colours) : points_(std::move(colours)) {
        build(0, points_.size(), 0);
    }

    const Colour& nearest(const Colour& c) const {
        Best best{0, std::numeric_limits<float>::max()};
        descend(0, points_.size(), 0, c, best);
        return points_[best.index];
    }

private:
    struct Best {
        std::size_t index;
        float d2;
    };

    static float distance(const Colour& a, const Colour& b) {
        const float x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
        return x * x + y * y + z * z; // <- hot 34
    }

    void build(std::size_t lo, std::size_t hi, int axis) {
        if (hi - lo < 2)
            return;
        const std::size_t mid = lo + (hi - lo) / 2;
        std::nth_element(points_.begin() + lo, points_.begin() + mid, points_.begin() + hi,
                         [axis](const Colour& a, const Colour& b) { return a[axis] < b[axis]; });
        build(lo, mid, (axis + 1) % 3);
        build(mid + 1, hi, (axis + 1) % 3);
    }

    void descend(std::size_t lo, std::size_t hi, int axis, const Colour& c, Best& best) const {
        if (lo >= hi)
            return;
        const std::size_t mid = lo + (hi - lo) / 2;
        const float d2 = distance(points_[mid], c);
        if (d2 < best.d2) // <- hot 12
            best = {mid, d2};
        const float off = c[axis] - points_[mid][axis]; // <- hot 17
        const int next = (axis + 1) % 3;
        if (off < 0) {
            descend(lo, mid, next, c, best);
            if (off * off < best.d2) // <- hot 14
                descend(mid + 1, hi, next, c, best);
        } else {
            descend(mid + 1, hi, next, c, best);
            if (off * off < best.d2)
                descend(lo, mid, next, c, best);
        }
    }

    std::vector<Colour> points_;
};

void reduce(const ColourTree& tree, std::vector<Colour>& image) {
    for (Colour& c : image)
        c = tree.nearest(c);
}
