// expect: healthy bench
// Controls a silk reeling hall: 48 basins report the thickness of their thread, the controller smooths it and says
// when a new cocoon must be thrown on; readings go through a ring, which the stages follow by sequence numbers.
//
// Measured: 4,800 readings a second; CPU 0.80 cores and more, in the twin 0.01.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>

namespace {

constexpr int kBasins = 48;
constexpr auto kRound = std::chrono::milliseconds(10);

// How far a stage has come; other stages wait for it.
class Sequence {
public:
    std::int64_t get() const { return value_.load(std::memory_order_acquire); }
    void set(std::int64_t value) { value_.store(value, std::memory_order_release); }

private:
    alignas(64) std::atomic<std::int64_t> value_{-1};
};

// How a stage waits for the one before it.
class Patient {
public:
    template <class Reached>
    void wait_until(Reached reached) {
        std::unique_lock<std::mutex> hold(lock_);
        moved_.wait(hold, reached);
    }
    void notify() {
        { std::lock_guard<std::mutex> hold(lock_); }
        moved_.notify_all();
    }

private:
    std::mutex lock_;
    std::condition_variable moved_;
};
using Waiting = Patient;

// A ring with one stage that writes and one that reads.
template <class Item, std::size_t kSize, class Wait>
class Ring {
    static_assert((kSize & (kSize - 1)) == 0, "a power of two");

public:
    // Writes an item; false if the reader has fallen behind by the whole ring.
    bool publish(const Item& item) {
        std::int64_t at = written_.get() + 1;
        if (at - read_.get() > static_cast<std::int64_t>(kSize)) return false;
        items_[static_cast<std::size_t>(at) & (kSize - 1)] = item;
        written_.set(at);
        return true;
    }

    void notify() { wait_.notify(); }

    // Gives each item that has been written since the last call to take; waits if there is none.
    template <class Take>
    void consume(Take take) {
        std::int64_t from = read_.get() + 1;
        wait_.wait_until([&] { return written_.get() >= from; });
        std::int64_t until = written_.get();
        for (std::int64_t at = from; at <= until; ++at) take(items_[static_cast<std::size_t>(at) & (kSize - 1)]);
        read_.set(until);
    }

private:
    std::array<Item, kSize> items_{};
    Sequence written_, read_;
    Wait wait_;
};

struct Reading {
    std::uint16_t basin;
    std::uint32_t round;
    float denier;
};

using Readings = Ring<Reading, 1024, Waiting>;

// The state of the thread of one basin.
struct Basin {
    float denier = 21, trend = 0;
    int cocoons = 8, resting = 0;

    bool wants_cocoon(float measured) {
        float before = denier;
        denier += 0.2f * (measured - denier);
        trend += 0.1f * (denier - before - trend);
        if (resting > 0) --resting;
        if (resting > 0 || denier + 6 * trend > 19.5f) return false;
        resting = 12;
        return true;
    }
};

class Hall {
public:
    // The basins' thickness as the feelers see it; thrown cocoons raise it again.
    void feel(std::uint32_t round) {
        for (int b = 0; b < kBasins; ++b) {
            thickness_[b] -= 0.01f + 0.01f * static_cast<float>(b % 5);
            thickness_[b] += 2.6f * static_cast<float>(thrown_[b].exchange(0, std::memory_order_relaxed));
            float noise = static_cast<float>(random_() % 100) / 250.0f;
            Reading reading{static_cast<std::uint16_t>(b), round, thickness_[b] + noise};
            if (!readings_.publish(reading)) ++lost;
        }
        readings_.notify();
    }

    void control() {
        for (;;) {
            readings_.consume([this](const Reading& reading) {
                Basin& basin = basins_[reading.basin];
                if (basin.wants_cocoon(reading.denier)) {
                    thrown_[reading.basin].fetch_add(1, std::memory_order_relaxed);
                    ++basin.cocoons;
                    ++throws;
                }
                spread += std::lround(100 * std::fabs(basin.denier - 21));
                ++read;
            });
        }
    }

    std::atomic<long> read{0}, throws{0}, spread{0}, lost{0};

private:
    Readings readings_;
    std::array<Basin, kBasins> basins_{};
    std::array<std::atomic<int>, kBasins> thrown_{};
    std::array<float, kBasins> thickness_ = [] {
        std::array<float, kBasins> start{};
        start.fill(21);
        return start;
    }();
    std::minstd_rand random_{3};
};

// The load: the feelers are read in rounds.
void feelers(Hall& hall) {
    auto next = std::chrono::steady_clock::now();
    for (std::uint32_t round = 0;; ++round) {
        next += kRound;
        std::this_thread::sleep_until(next);
        hall.feel(round);
    }
}

}  // namespace

int main() {
    static Hall hall;
    std::thread(&Hall::control, &hall).detach();
    std::thread([] { feelers(hall); }).detach();
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        long read = hall.read.exchange(0);
        std::fprintf(stderr, "%ld readings, %ld cocoons thrown on, off by %.2f denier, %ld lost\n", read,
                     hall.throws.exchange(0), static_cast<double>(hall.spread.exchange(0)) / 100 / (read ? read : 1),
                     hall.lost.load());
    }
}
