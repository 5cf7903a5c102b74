#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

struct Marker {
    std::int64_t frame;
    std::string text;
};

struct ByFrame {
    using is_transparent = void;
    bool operator()(const Marker& a, const Marker& b) const { return a.frame < b.frame; }
    bool operator()(const Marker& a, std::int64_t f) const { return a.frame < f; }
    bool operator()(std::int64_t f, const Marker& a) const { return f < a.frame; }
};

class Timeline {
public:
    void place(std::int64_t frame, std::string text) { markers_.insert({frame, std::move(text)}); }

    std::optional<std::int64_t> following(std::int64_t frame) const {
        auto it = markers_.lower_bound(frame); // <- hot 84
        if (it == markers_.end()) return std::nullopt;
        return it->frame;
    }

private:
    std::set<Marker, ByFrame> markers_;
};

std::vector<std::int64_t> snap(const Timeline& line, const std::vector<std::int64_t>& cuts,
                               std::int64_t tolerance) {
    std::vector<std::int64_t> out;
    out.reserve(cuts.size());
    for (std::int64_t cut : cuts) {
        const auto next = line.following(cut);
        out.push_back(next && *next - cut <= tolerance ? *next : cut);
    }
    return out;
}
