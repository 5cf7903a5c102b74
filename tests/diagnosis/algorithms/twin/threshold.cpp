#include <algorithm>
#include <cstdint>
#include <vector>

// Adaptive binarisation of scanned pages.
struct Gray {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> px;

    std::uint8_t at(int x, int y) const { return px[std::size_t(y) * width + x]; }
};

class Binarizer {
public:
    Binarizer(int radius, int bias) : radius_(radius), bias_(bias) {}

    Gray operator()(const Gray& in) {
        Gray out{in.width, in.height, std::vector<std::uint8_t>(in.px.size())};
        integrate(in);
        for (int y = 0; y < in.height; ++y)
            for (int x = 0; x < in.width; ++x)
                out.px[std::size_t(y) * in.width + x] = in.at(x, y) + bias_ < localMean(in, x, y) ? 0 : 255; // <- hot 23
        return out;
    }

private:
    void integrate(const Gray& in) {
        stride_ = in.width + 1;
        sums_.assign(std::size_t(stride_) * (in.height + 1), 0);
        for (int y = 0; y < in.height; ++y) {
            std::uint64_t row = 0;
            for (int x = 0; x < in.width; ++x) {
                row += in.at(x, y); // <- hot 12
                sums_[std::size_t(y + 1) * stride_ + x + 1] = sums_[std::size_t(y) * stride_ + x + 1] + row; // <- hot 18
            }
        }
    }

    int localMean(const Gray& in, int cx, int cy) const {
        const int x0 = std::max(0, cx - radius_), x1 = std::min(in.width - 1, cx + radius_);
        const int y0 = std::max(0, cy - radius_), y1 = std::min(in.height - 1, cy + radius_);
        const std::uint64_t* top = &sums_[std::size_t(y0) * stride_];
        const std::uint64_t* bottom = &sums_[std::size_t(y1 + 1) * stride_];
        const std::uint64_t sum = bottom[x1 + 1] - bottom[x0] - top[x1 + 1] + top[x0]; // <- hot 33
        return int(sum / std::uint64_t((x1 - x0 + 1) * (y1 - y0 + 1)));
    }

    int radius_;
    int bias_;
    int stride_ = 0;
    std::vector<std::uint64_t> sums_;
};
