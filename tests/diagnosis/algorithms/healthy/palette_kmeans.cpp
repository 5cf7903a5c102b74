#include <array>
#include <cstdint>
#include <limits>
#include <vector>

struct Rgb {
    std::uint8_t r, g, b;
};

constexpr int kColors = 16;

struct Centre {
    double r, g, b;
};

using Palette = std::array<Centre, kColors>;

static int nearest(const Palette& palette, const Rgb& p) {
    int best = 0;
    double best_d = std::numeric_limits<double>::max();
    for (int i = 0; i < kColors; ++i) {
        const double dr = palette[i].r - p.r, dg = palette[i].g - p.g, db = palette[i].b - p.b; // <- hot 38
        const double d = dr * dr + dg * dg + db * db; // <- hot 29
        if (d < best_d) { // <- hot 17
            best_d = d;
            best = i;
        }
    }
    return best;
}

Palette refine(Palette palette, const std::vector<Rgb>& pixels, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        std::array<Centre, kColors> sum{};
        std::array<std::size_t, kColors> n{};
        for (const Rgb& p : pixels) {
            const int k = nearest(palette, p);
            sum[k].r += p.r; // <- hot 6
            sum[k].g += p.g;
            sum[k].b += p.b;
            ++n[k];
        }
        for (int k = 0; k < kColors; ++k)
            if (n[k]) palette[k] = {sum[k].r / n[k], sum[k].g / n[k], sum[k].b / n[k]};
    }
    return palette;
}
