// expect: pattern=memory-growth bench
/* Follows migrating birds for a wind farm: the radar's echoes of each turn come from a thread of their own, are freed of
   repeated ones (neighbouring beams see the same bird twice), joined to tracks, and the turbines are warned of flocks.

   Measured: resident memory grows by 5.5 MB a second (10,000 echoes kept); the twin stays at 5 MB.
*/
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <unistd.h>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Echo {
    uint64_t turn = 0;
    int beam = 0;
    float range = 0, azimuth = 0;
    std::array<float, 96> profile{};  // the strength over the pulse
};
using EchoPtr = std::shared_ptr<const Echo>;

// Echoes between the radar and the tracker; the radar waits when the tracker is behind.
class Line {
  public:
    void put(std::vector<EchoPtr> turn) {
        std::unique_lock<std::mutex> hold(mutex_);
        room_.wait(hold, [&] { return turns_.size() < 8; });
        turns_.push_back(std::move(turn));
        there_.notify_one();
    }
    std::vector<EchoPtr> take() {
        std::unique_lock<std::mutex> hold(mutex_);
        there_.wait(hold, [&] { return !turns_.empty(); });
        auto turn = std::move(turns_.front());
        turns_.pop_front();
        room_.notify_one();
        return turn;
    }

  private:
    std::mutex mutex_;
    std::condition_variable room_, there_;
    std::deque<std::vector<EchoPtr>> turns_;
};

class Radar {
  public:
    explicit Radar(Line &line) : line_(line) {}
    void run() {
        auto due = Clock::now();
        for (uint64_t turn = 0;; turn++) {
            line_.put(sweep(turn));
            due += std::chrono::milliseconds(50);
            std::this_thread::sleep_until(due);
        }
    }

  private:
    std::vector<EchoPtr> sweep(uint64_t turn) {
        std::vector<EchoPtr> echoes;
        echoes.reserve(560);
        for (int bird = 0; bird < 500; bird++) {
            float phase = bird * 0.37f + turn * 0.002f;
            Echo echo;
            echo.turn = turn;
            echo.beam = bird % 180;
            echo.range = 400.0f + 3000.0f * std::fabs(std::sin(phase));
            echo.azimuth = std::fmod(phase * 40.0f, 360.0f);
            for (size_t i = 0; i < echo.profile.size(); i++)
                echo.profile[i] = (i > 30 && i < 60 ? 5.0f : 0.2f) + (noise_() & 255) / 512.0f;
            echoes.push_back(std::make_shared<const Echo>(echo));  // <- cost
            if (bird % 9 == 0) echoes.push_back(echoes.back());  // seen by the next beam too
        }
        return echoes;
    }
    Line &line_;
    std::minstd_rand noise_{7};
};

// Knows which echoes have been seen, by where and when they were.
class Repeats {
  public:
    bool is_new(const EchoPtr &echo) {
        char key[64];
        std::snprintf(key, sizeof key, "%llu/%d/%.0f/%.1f", static_cast<unsigned long long>(echo->turn), echo->beam,
                      echo->range, echo->azimuth);
        return seen_.emplace(key, echo).second;  // <- cost
    }
    void turn_done(uint64_t turn) { last_ = turn; }
    size_t size() const { return seen_.size(); }

  private:
    std::unordered_map<std::string, EchoPtr> seen_;
    uint64_t last_ = 0;
};

struct Track {
    float range = 0, azimuth = 0, wingbeat = 0;
    uint64_t last = 0;
    int hits = 0;
};

class Tracker {
  public:
    void feed(const Echo &echo) {
        int cell = static_cast<int>(echo.range / 50) * 1000 + static_cast<int>(echo.azimuth / 2);
        auto &track = tracks_[cell];
        float weight = track.hits ? 0.3f : 1.0f;
        track.range += weight * (echo.range - track.range);
        track.azimuth += weight * (echo.azimuth - track.azimuth);
        track.wingbeat += weight * (beat(echo) - track.wingbeat);
        track.last = echo.turn;
        track.hits++;
    }
    void forget_before(uint64_t turn) {
        for (auto it = tracks_.begin(); it != tracks_.end();)
            it = it->second.last < turn ? tracks_.erase(it) : std::next(it);
    }
    std::vector<std::pair<int, int>> flocks() const {
        std::array<int, 36> sectors{};
        for (const auto &[cell, track] : tracks_)
            if (track.hits > 2) sectors[static_cast<int>(track.azimuth / 10) % 36]++;
        std::vector<std::pair<int, int>> found;
        for (int sector = 0; sector < 36; sector++)
            if (sectors[sector] > 12) found.emplace_back(sectors[sector], sector);
        std::sort(found.rbegin(), found.rend());
        return found;
    }

  private:
    // The lag at which the profile repeats itself best.
    static float beat(const Echo &echo) {
        float best = 0;
        int at = 0;
        for (int lag = 8; lag < 32; lag += 2) {
            float sum = 0;
            for (size_t i = lag; i < echo.profile.size(); i++) sum += echo.profile[i] * echo.profile[i - lag];
            if (sum > best) best = sum, at = lag;
        }
        return static_cast<float>(at);
    }
    std::unordered_map<int, Track> tracks_;
};

int main() {
    std::signal(SIGTERM, [](int) { _exit(0); });
    Line line;
    Radar radar(line);
    std::thread turning([&] { radar.run(); });
    Repeats repeats;
    Tracker tracker;
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    uint64_t warnings = 0;
    for (;;) {
        auto turn = line.take();
        for (const auto &echo : turn)
            if (repeats.is_new(echo)) tracker.feed(*echo);
        uint64_t number = turn.front()->turn;
        repeats.turn_done(number);
        if (number > 40) tracker.forget_before(number - 40);
        if (number % 20 == 0) {
            warnings += tracker.flocks().size();
            if (getenv("RADAR_REPORT")) std::fprintf(stderr, "%zu kept, %lu warnings\n", repeats.size(), warnings);
        }
    }
}
