#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <queue>
#include <vector>

namespace video {

struct Buffer {
    std::unique_ptr<std::uint8_t[]> data;
    std::size_t capacity = 0;
    std::size_t used = 0;
};

class BufferPool {
public:
    Buffer acquire(std::size_t want) {
        std::lock_guard<std::mutex> lock(mutex_);
        auto& shelf = shelves_[shelfOf(want)];
        if (!shelf.empty()) {
            Buffer b = std::move(shelf.back());
            shelf.pop_back();
            b.used = want;
            return b;
        }
        ++misses_;
        return allocate(want);
    }

    void release(Buffer b) {
        std::lock_guard<std::mutex> lock(mutex_);
        b.used = 0; // <- cost
        shelves_[shelfOf(b.used)].push_back(std::move(b)); // <- cost
    }

    std::size_t misses() const { return misses_; }

private:
    static std::size_t shelfOf(std::size_t n) {
        std::size_t i = 0;
        while (i + 1 < kShelves && (std::size_t{4096} << i) < n) ++i;
        return i;
    }

    static Buffer allocate(std::size_t want) {
        Buffer b;
        b.capacity = std::size_t{4096} << shelfOf(want);
        b.data = std::make_unique<std::uint8_t[]>(b.capacity); // <- made 100
        b.used = want;
        return b;
    }

    static constexpr std::size_t kShelves = 14;
    std::array<std::vector<Buffer>, kShelves> shelves_; // <- cost
    std::size_t misses_ = 0;
    std::mutex mutex_;
};

struct Frame {
    std::int64_t pts = 0;
    Buffer pixels;
};

class Scaler {
public:
    explicit Scaler(BufferPool& pool) : pool_(pool) {}

    void feed(std::int64_t pts, const std::uint8_t* src, std::size_t n) {
        Frame f;
        f.pts = pts;
        f.pixels = pool_.acquire(n / 4);
        for (std::size_t i = 0; i < f.pixels.used; ++i) f.pixels.data[i] = src[i * 4];
        waiting_.push(std::move(f));
        while (waiting_.size() > 3) emit();
    }

    void emit() {
        if (waiting_.empty()) return;
        Frame f = std::move(waiting_.front());
        waiting_.pop();
        std::vector<std::uint32_t> histogram(256);
        for (std::size_t i = 0; i < f.pixels.used; ++i) ++histogram[f.pixels.data[i]];
        brightest_ = 255;
        while (brightest_ > 0 && histogram[brightest_] == 0) --brightest_;
        pool_.release(std::move(f.pixels));
    }

    int brightest() const { return brightest_; }

private:
    BufferPool& pool_;
    std::queue<Frame> waiting_;
    int brightest_ = 0;
};

} // namespace video
