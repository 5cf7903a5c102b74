#include <algorithm>
#include <cmath>
#include <vector>

struct P { float x, y; };

class Grid {
    int w_, h_;
    float cell_;
    std::vector<std::vector<int>> cells_;
    const std::vector<P> &pts_;

public:
    Grid(const std::vector<P> &pts, int w, int h, float c)
        : w_(w), h_(h), cell_(c), cells_(w * h), pts_(pts) {
        for (int i = 0; i < (int)pts.size(); ++i)
            cells_[int(pts[i].y / c) * w + int(pts[i].x / c)].push_back(i);
    }

    int near(const P &p, float r) const {
        int n = 0, cx = int(p.x / cell_), cy = int(p.y / cell_);
        for (int y = std::max(0, cy - 1); y <= std::min(h_ - 1, cy + 1); ++y)
            for (int x = std::max(0, cx - 1); x <= std::min(w_ - 1, cx + 1); ++x)
                for (int k : cells_[y * w_ + x])
                    n += std::hypot(pts_[k].x - p.x, pts_[k].y - p.y) < r; // <- 0
        return n;
    }

    std::vector<int> density(float r) const {
        std::vector<int> out;
        for (const auto &p : pts_)
            out.push_back(near(p, r)); // <- 1
        return out;
    }
};
