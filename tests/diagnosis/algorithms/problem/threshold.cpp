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
        for (int y = 0; y < in.height; ++y)
            for (int x = 0; x < in.width; ++x)
                out.px[std::size_t(y) * in.width + x] = in.at(x, y) + bias_ < localMean(in, x, y) ? 0 : 255;
        return out;
    }

private:
    int localMean(const Gray& in, int cx, int cy) const {
        const int x0 = std::max(0, cx - radius_), x1 = std::min(in.width - 1, cx + radius_);
        const int y0 = std::max(0, cy - radius_), y1 = std::min(in.height - 1, cy + radius_);
        long sum = 0;
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x) // <- cost hot 31
                sum += in.at(x, y); // <- cost hot 66
        return int(sum / ((x1 - x0 + 1) * (y1 - y0 + 1)));
    }

    int radius_;
    int bias_;
};
