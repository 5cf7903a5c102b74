// expect: healthy bench
// Projects a shadow play: four lanterns ask for the silhouettes of puppets in their poses, and get them from a
// cache that holds the newest of them up to a bound (12 MB, full some seconds after the start) and draws those
// that it does not hold. The cache is in shards with a lock each, nothing is drawn under a lock; the director
// waits for cues, with a time limit.
//
// Measured: 837 silhouettes in 5 s, 329 of them drawn, 0.07 s of CPU in 7 s.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <fstream>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Pose {
    unsigned puppet, arm, tilt;
    uint64_t key() const { return static_cast<uint64_t>(puppet) << 32 | arm << 16 | tilt; }
};

struct Silhouette {
    static constexpr int kSide = 160;
    std::vector<uint8_t> shade = std::vector<uint8_t>(kSide * kSide);
};

// Draws a puppet as a body with two jointed arms; soft at the edges as the lamp is not a point.
std::shared_ptr<const Silhouette> draw(const Pose &pose) {
    auto picture = std::make_shared<Silhouette>();
    float lean = static_cast<float>(pose.tilt) * 0.05f - 0.4f, lift = static_cast<float>(pose.arm) * 0.1f;
    float cosine = std::cos(lean), sine = std::sin(lean), slope = std::tan(lift * 0.4f);
    float girth = 0.15f + 0.01f * static_cast<float>(pose.puppet % 12);
    uint8_t *out = picture->shade.data();
    for (int y = 0; y < Silhouette::kSide; y++)
        for (int x = 0; x < Silhouette::kSide; x++) {
            float u = (static_cast<float>(x) / Silhouette::kSide - 0.5f) * 2;
            float v = (static_cast<float>(y) / Silhouette::kSide - 0.5f) * 2;
            float a = u * cosine - v * sine, b = u * sine + v * cosine;
            float body = std::fabs(a) / girth + std::fabs(b) / 0.8f - 1;
            float arm = std::fabs(b + 0.3f - std::fabs(a) * slope) * 12 + std::fabs(a) - 0.9f;
            float edge = std::min(body, arm);
            *out++ = edge < 0 ? 255 : edge > 0.25f ? 0 : static_cast<uint8_t>(255 - edge * 1020);
        }
    return picture;
}

// The newest silhouettes, up to a number of them, in shards.
class Cache {
public:
    static constexpr size_t kShards = 8, kBound = 480;

    std::shared_ptr<const Silhouette> get(const Pose &pose) {
        Shard &shard = shards_[(pose.key() * 0x9E3779B97F4A7C15ull) >> 61];
        {
            std::lock_guard<std::mutex> held(shard.lock);
            auto found = shard.places.find(pose.key());
            if (found != shard.places.end()) {
                shard.newest.splice(shard.newest.begin(), shard.newest, found->second);
                hits_.fetch_add(1, std::memory_order_relaxed);
                return found->second->second;
            }
        }
        auto drawn = draw(pose);
        drawn_.fetch_add(1, std::memory_order_relaxed);
        std::lock_guard<std::mutex> held(shard.lock);
        if (auto found = shard.places.find(pose.key()); found != shard.places.end()) return found->second->second;
        shard.newest.emplace_front(pose.key(), drawn);
        shard.places[pose.key()] = shard.newest.begin();
        if (shard.newest.size() > kBound / kShards) {
            shard.places.erase(shard.newest.back().first);
            shard.newest.pop_back();
        }
        return drawn;
    }

    unsigned long hits() const { return hits_; }
    unsigned long drawn() const { return drawn_; }

private:
    using Item = std::pair<uint64_t, std::shared_ptr<const Silhouette>>;
    struct alignas(64) Shard {
        std::mutex lock;
        std::list<Item> newest;
        std::unordered_map<uint64_t, std::list<Item>::iterator> places;
    };
    std::array<Shard, kShards> shards_;
    std::atomic<unsigned long> hits_{0}, drawn_{0};
};

struct Cue {
    unsigned scene;
    unsigned light;
};

// What happened on the stage; the director waits for it.
class Cues {
public:
    void give(Cue cue) {
        {
            std::lock_guard<std::mutex> held(lock_);
            waiting_.push_back(cue);
        }
        came_.notify_one();
    }

    bool await(Cue &cue, std::chrono::milliseconds limit) {
        std::unique_lock<std::mutex> held(lock_);
        if (!came_.wait_for(held, limit, [this] { return !waiting_.empty(); })) return false;
        cue = waiting_.front();
        waiting_.pop_front();
        return true;
    }

private:
    std::mutex lock_;
    std::condition_variable came_;
    std::deque<Cue> waiting_;
};

// A lantern shows 40 pictures a second; most poses come again soon, now and then there is a new one.
void lantern(Cache &cache, Cues &cues, unsigned number) {
    std::mt19937 dice(number * 31 + 7);
    std::geometric_distribution<unsigned> favourite(0.012);
    auto due = Clock::now();
    for (unsigned frame = 1;; frame++) {
        unsigned rank = favourite(dice);
        bool fresh = dice() % 8 == 0;
        Pose pose{rank % 24, (rank / 24) % 32, fresh ? static_cast<unsigned>(dice() % 1024) : rank % 16};
        auto picture = cache.get(pose);
        unsigned light = 0;
        for (size_t i = 0; i < picture->shade.size(); i += 16) light += picture->shade[i];
        if (frame % 30 == 0) cues.give({number, light});
        due += std::chrono::milliseconds(25);
        std::this_thread::sleep_until(due);
    }
}

int main() {
    Cache cache;
    Cues cues;
    std::vector<std::thread> lanterns;
    for (unsigned i = 0; i < 4; i++) lanterns.emplace_back(lantern, std::ref(cache), std::ref(cues), i);
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    auto written = Clock::now();
    unsigned long given = 0, light = 0;
    for (;;) {
        Cue cue{};
        if (cues.await(cue, std::chrono::milliseconds(500))) {
            given++;
            light += cue.light;
        }
        if (Clock::now() - written > std::chrono::seconds(5)) {
            written = Clock::now();
            std::ofstream("play.txt") << given << " cues, light " << light << ", shown again " << cache.hits()
                                      << ", drawn " << cache.drawn() << "\n";
        }
    }
}
