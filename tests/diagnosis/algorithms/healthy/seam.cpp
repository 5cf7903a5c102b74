#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

// Content-aware narrowing of thumbnails: removes one vertical seam per step.
class SeamCarver {
public:
    SeamCarver(int w, int h, std::vector<std::uint8_t> luma) : w_(w), h_(h), luma_(std::move(luma)) {}

    void narrow() {
        energies();
        cut(seam());
    }

    int width() const { return w_; }

private:
    int energy(int x, int y) const {
        const int l = luma_[y * w_ + std::max(0, x - 1)], r = luma_[y * w_ + std::min(w_ - 1, x + 1)]; // <- hot 17
        const int u = luma_[std::max(0, y - 1) * w_ + x], d = luma_[std::min(h_ - 1, y + 1) * w_ + x]; // <- hot 16
        return std::abs(l - r) + std::abs(u - d);
    }

    void energies() {
        total_.assign(std::size_t(w_) * h_, 0);
        for (int x = 0; x < w_; ++x)
            total_[x] = energy(x, 0);
        for (int y = 1; y < h_; ++y) {
            const int* above = &total_[std::size_t(y - 1) * w_];
            for (int x = 0; x < w_; ++x) {
                int best = above[x];
                if (x > 0)
                    best = std::min(best, above[x - 1]); // <- hot 26
                if (x + 1 < w_)
                    best = std::min(best, above[x + 1]); // <- hot 22
                total_[std::size_t(y) * w_ + x] = best + energy(x, y);
            }
        }
    }

    std::vector<int> seam() const {
        std::vector<int> path(h_);
        const int* last = &total_[std::size_t(h_ - 1) * w_];
        path[h_ - 1] = int(std::min_element(last, last + w_) - last);
        for (int y = h_ - 2; y >= 0; --y) {
            const int x = path[y + 1];
            path[y] = x;
            for (int c = std::max(0, x - 1); c <= std::min(w_ - 1, x + 1); ++c)
                if (total_[std::size_t(y) * w_ + c] < total_[std::size_t(y) * w_ + path[y]])
                    path[y] = c;
        }
        return path;
    }

    void cut(const std::vector<int>& path) {
        std::size_t out = 0;
        for (int y = 0; y < h_; ++y)
            for (int x = 0; x < w_; ++x)
                if (x != path[y])
                    luma_[out++] = luma_[std::size_t(y) * w_ + x];
        luma_.resize(out);
        --w_;
    }

    int w_, h_;
    std::vector<std::uint8_t> luma_;
    std::vector<int> total_;
};
