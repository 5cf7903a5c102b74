#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
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
        auto it = index_.find(key); // <- hot 29
        if (it != index_.end()) {
            entries_.splice(entries_.end(), entries_, it->second); // <- hot 12
            return it->second->second;
        }
        ++misses_;
        auto texture = loader_(key);
        if (entries_.size() >= capacity_) {
            index_.erase(entries_.front().first); // <- hot 11
            entries_.pop_front();
        }
        entries_.emplace_back(key, texture); // <- hot 18
        index_[key] = std::prev(entries_.end());
        return texture;
    }

    std::size_t misses() const { return misses_; }

private:
    using Entry = std::pair<Key, std::shared_ptr<Texture>>;
    std::list<Entry> entries_;
    std::unordered_map<Key, std::list<Entry>::iterator> index_;
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
