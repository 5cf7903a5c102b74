// Bounded cache of decoded map tiles.
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

struct TileId {
    std::uint8_t zoom;
    std::uint32_t x, y;
    bool operator==(const TileId&) const = default;
};

template <>
struct std::hash<TileId> {
    std::size_t operator()(const TileId& t) const noexcept {
        std::uint64_t v = (std::uint64_t{t.x} << 32 | t.y) + (std::uint64_t{t.zoom} << 58);
        v ^= v >> 33;
        return static_cast<std::size_t>(v * 0xff51afd7ed558ccdull);
    }
};

using Pixels = std::shared_ptr<const std::vector<std::uint8_t>>;

class TileCache {
public:
    using Loader = std::function<Pixels(const TileId&)>;

    TileCache(std::size_t limit, Loader load) : limit_(limit), load_(std::move(load)) {}

    Pixels get(const TileId& id) {
        if (auto it = index_.find(id); it != index_.end()) { // <- hot 44
            order_.splice(order_.begin(), order_, it->second); // <- hot 13
            return it->second->second;
        }
        Pixels px = load_(id); // <- hot 22
        order_.emplace_front(id, px);
        index_[id] = order_.begin();
        if (order_.size() > limit_) {
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        return px;
    }

    std::vector<Pixels> viewport(std::uint8_t zoom, std::uint32_t x0, std::uint32_t y0,
                                 std::uint32_t w, std::uint32_t h) {
        std::vector<Pixels> out;
        out.reserve(std::size_t{w} * h);
        for (std::uint32_t y = y0; y < y0 + h; ++y)
            for (std::uint32_t x = x0; x < x0 + w; ++x)
                out.push_back(get({zoom, x, y}));
        return out;
    }

private:
    using Order = std::list<std::pair<TileId, Pixels>>;
    std::size_t limit_;
    Loader load_;
    Order order_;
    std::unordered_map<TileId, Order::iterator> index_;
};
