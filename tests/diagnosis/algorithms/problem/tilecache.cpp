#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

struct Texture {
    std::vector<std::uint8_t> rgba;
    int width = 0;
    int height = 0;
};

class TileCache {
public:
    using Key = std::uint64_t;
    using Loader = std::function<std::shared_ptr<Texture>(Key)>;

    TileCache(std::size_t capacity, Loader loader)
        : capacity_(capacity), loader_(std::move(loader)) {}

    std::shared_ptr<Texture> get(Key key) {
        auto it = std::find_if(entries_.begin(), entries_.end(),
                               [key](const Entry& e) { return e.first == key; }); // <- cost hot 52
        if (it != entries_.end()) {
            Entry hit = *it;
            entries_.erase(it); // <- cost hot 36
            entries_.push_back(hit);
            return hit.second;
        }
        ++misses_;
        auto texture = loader_(key);
        if (entries_.size() >= capacity_)
            entries_.erase(entries_.begin()); // <- hot 6
        entries_.emplace_back(key, texture);
        return texture;
    }

    std::size_t misses() const { return misses_; }

private:
    using Entry = std::pair<Key, std::shared_ptr<Texture>>;
    std::vector<Entry> entries_;
    std::size_t capacity_;
    Loader loader_;
    std::size_t misses_ = 0;
};

// Fetches all tiles of a viewport in drawing order.
std::vector<std::shared_ptr<Texture>> visibleTiles(TileCache& cache, int x0, int y0, int x1, int y1, int zoom) {
    std::vector<std::shared_ptr<Texture>> out;
    for (int y = y0; y <= y1; ++y)
        for (int x = x0; x <= x1; ++x)
            out.push_back(cache.get((std::uint64_t(zoom) << 58) | (std::uint64_t(y) << 29) | std::uint64_t(x)));
    return out;
}
