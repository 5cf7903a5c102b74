// expect: healthy bench
// Practice console of a pipe organ: keys that a player (here a piece from memory) presses and lets go are turned into
// sound, block by block at the pace of the sound card, with an echo of the church. A second thread draws the level meter.
// Measured: nothing to gain; a fifth of a core for the sound, no page faults, 120 to 370 switches a second for 187 blocks.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kRate = 96000;
constexpr int kBlock = 512;
using Block = std::array<float, kBlock>;

struct Event {
    int key;
    bool pressed;
};

// A pipe speaks with a few overtones; its wave is kept as a table that is stepped through.
class Rank {
public:
    explicit Rank(std::initializer_list<float> overtones) : wave_(4096) {
        for (size_t at = 0; at < wave_.size(); at++) {
            int number = 0;
            for (float strength : overtones)
                wave_[at] += strength * std::sin(2 * M_PI * ++number * at / wave_.size());
        }
    }
    void add(float &phase, float step, float gain, Block &out) const {
        for (float &sample : out) {
            sample += gain * wave_[static_cast<size_t>(phase) & 4095];
            phase += step;
        }
        phase = std::fmod(phase, 4096.0f);
    }

private:
    std::vector<float> wave_;
};

class Manual {
public:
    Manual() : ranks_{Rank{1, .3f, .1f}, Rank{.6f, .6f, .2f, .2f}, Rank{.2f, .1f, .5f, 0, .3f}} {
        for (int key = 0; key < kKeys; key++) steps_[key] = 4096.0f * 65.4f * std::pow(2.0f, key / 12.0f) / kRate;
    }
    void take(const Event &event) { pressed_[event.key % kKeys] = event.pressed; }
    void render(Block &out) {
        out.fill(0);
        for (int key = 0; key < kKeys; key++) {
            gain_[key] += 0.4f * ((pressed_[key] ? 0.08f : 0.0f) - gain_[key]);
            if (gain_[key] < 1e-4f) continue;
            for (size_t rank = 0; rank < ranks_.size(); rank++)
                for (int pipe = 0; pipe < kPipes; pipe++)  // none of them is quite in tune
                    ranks_[rank].add(phase_[key][rank * kPipes + pipe], steps_[key] * (1 << rank) * (1 + 0.0004f * pipe),
                                     gain_[key] / (kPipes * (1 + rank)), out);
        }
    }

private:
    static constexpr int kKeys = 61;
    static constexpr int kPipes = 16;
    std::array<Rank, 3> ranks_;
    std::array<float, kKeys> steps_{}, gain_{};
    std::array<std::array<float, 3 * kPipes>, kKeys> phase_{};
    std::array<bool, kKeys> pressed_{};
};

class Church {
public:
    Church() {
        for (int length : {4801, 5303, 6007, 6607, 7211, 8009, 9011, 10007, 11003, 12007, 13007, 14009}) lines_.push_back({std::vector<float>(length), 0});
    }
    void echo(Block &sound) {
        wet_.fill(0);
        for (Line &line : lines_) {
            for (int at = 0; at < kBlock; at++) {
                float &held = line.samples[line.at];
                wet_[at] += held;
                held = 0.78f * held + 0.2f * sound[at];
                if (++line.at == line.samples.size()) line.at = 0;
            }
        }
        for (int at = 0; at < kBlock; at++) sound[at] = std::tanh(sound[at] + 0.3f * wet_[at]);
    }

private:
    struct Line {
        std::vector<float> samples;
        size_t at;
    };
    std::vector<Line> lines_;
    Block wet_;
};

// Hands the latest level to the meter, which waits for it.
class Levels {
public:
    void publish(float level) {
        {
            std::lock_guard<std::mutex> held(lock_);
            level_ = level;
            number_++;
        }
        changed_.notify_one();
    }
    float wait(uint64_t &seen) {
        std::unique_lock<std::mutex> held(lock_);
        changed_.wait(held, [&] { return number_ != seen; });
        seen = number_;
        return level_;
    }

private:
    std::mutex lock_;
    std::condition_variable changed_;
    float level_ = 0;
    uint64_t number_ = 0;
};

// The piece: chords that walk through the keys, a new one each half second.
class Piece {
public:
    void play(long block, Manual &manual) {
        if (block % 90 != 0) return;
        for (int key : held_) manual.take({key, false});
        int root = static_cast<int>(block / 90 * 7 % 30);
        held_ = {root, root + 4, root + 7, root + 12, root + 16, root + 19, root + 24, root + 28, root + 31};
        for (int key : held_) manual.take({key, true});
    }

private:
    std::array<int, 9> held_{};
};

void wait_until(timespec &due) {
    due.tv_nsec += static_cast<long>(1e9 * kBlock / kRate);
    if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
}

}  // namespace

int main() {
    Manual great;
    Church church;
    Levels levels;
    Piece piece;
    auto sound = std::make_unique<Block>();
    std::thread meter([&levels] {
        uint64_t seen = 0;
        float peak = 0;
        for (;;) {
            peak = std::max(0.95f * peak, levels.wait(seen));
            if (peak >= 0.9999f) std::fprintf(stderr, "too loud: %s\n", std::string(40, '|').c_str());
        }
    });
    meter.detach();
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (long block = 0;; block++) {
        piece.play(block, great);
        great.render(*sound);
        church.echo(*sound);
        float loudest = 0;
        for (float sample : *sound) loudest = std::max(loudest, std::fabs(sample));
        levels.publish(loudest);
        wait_until(due);
    }
}
