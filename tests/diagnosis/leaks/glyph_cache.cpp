#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct GlyphKey {
    std::uint32_t codepoint;
    float pixels;
    float subpixel;

    bool operator==(const GlyphKey& o) const {
        return codepoint == o.codepoint && pixels == o.pixels && subpixel == o.subpixel;
    }
};

struct GlyphHash {
    std::size_t operator()(const GlyphKey& k) const {
        std::uint32_t a, b;
        std::memcpy(&a, &k.pixels, 4);
        std::memcpy(&b, &k.subpixel, 4);
        return k.codepoint * 2654435761u ^ (a * 40503u) ^ (b << 7);
    }
};

struct Bitmap {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> coverage;
};

struct Outline {
    std::vector<std::pair<float, float>> points;
};

class Font {
public:
    Outline outline(std::uint32_t cp) const {
        Outline o;
        for (int i = 0; i < 12; ++i) {
            float t = i / 12.0f * 6.2831853f;
            o.points.emplace_back(std::cos(t) * (0.3f + cp % 7 * 0.02f), std::sin(t) * 0.5f);
        }
        return o;
    }
};

static Bitmap rasterise(const Outline& o, float pixels, float subpixel) {
    Bitmap bm;
    bm.width = static_cast<int>(std::ceil(pixels)) + 1;
    bm.height = static_cast<int>(std::ceil(pixels)) + 1;
    bm.coverage.assign(bm.width * bm.height, 0); // <- made 100
    for (const auto& p : o.points) {
        int x = std::clamp(static_cast<int>((p.first + 0.5f) * pixels + subpixel), 0, bm.width - 1);
        int y = std::clamp(static_cast<int>((p.second + 0.5f) * pixels), 0, bm.height - 1);
        bm.coverage[y * bm.width + x] = 255;
    }
    return bm;
}

class TextLayer {
public:
    explicit TextLayer(const Font& font) : font_(font) {}

    void draw(const std::string& text, float x, float y, float zoom) {
        float pen = x;
        for (unsigned char c : text) {
            const Bitmap& bm = glyph(c, 14.0f * zoom, pen - std::floor(pen));
            quads_.push_back({pen, y, bm.width, bm.height, &bm});
            pen += bm.width * 0.6f;
        }
    }

    std::size_t flush() {
        std::size_t n = quads_.size();
        quads_.clear();
        return n;
    }

private:
    struct Quad {
        float x, y;
        int w, h;
        const Bitmap* source;
    };

    const Bitmap& glyph(std::uint32_t cp, float pixels, float subpixel) {
        GlyphKey key{cp, pixels, subpixel}; // <- cost
        auto it = glyphs_.find(key);
        if (it == glyphs_.end()) {
            auto made = std::make_unique<Bitmap>(rasterise(outline(cp), pixels, subpixel));
            it = glyphs_.emplace(key, std::move(made)).first; // <- cost
        }
        return *it->second;
    }

    const Outline& outline(std::uint32_t cp) {
        auto it = outlines_.find(cp);
        return it != outlines_.end() ? it->second : outlines_.emplace(cp, font_.outline(cp)).first->second;
    }

    const Font& font_;
    std::unordered_map<std::uint32_t, Outline> outlines_;
    std::unordered_map<GlyphKey, std::unique_ptr<Bitmap>, GlyphHash> glyphs_; // <- cost
    std::vector<Quad> quads_;
};
