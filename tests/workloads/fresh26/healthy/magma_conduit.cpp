// expect: healthy bench
// Simulation of the magma in a volcano's conduit, run beside the observatory's instruments: the heat that flows into the
// rock, the melt that rises fastest where it is hottest, and crystals that ride along. 100 steps a second, as many as the
// instruments give boundary values; every ten seconds the field is saved for the display.
// Measured: 0.5 cores, 32 MB.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

constexpr int kWide = 1600, kHigh = 2400;
constexpr int kCrystals = 40000;
constexpr float kRock = 350.0f, kMelt = 1180.0f;

struct Grid {
    std::vector<float> cells = std::vector<float>(size_t(kWide) * kHigh, kRock);
    float* row(int y) { return cells.data() + size_t(y) * kWide; }
    const float* row(int y) const { return cells.data() + size_t(y) * kWide; }
};

class Conduit {
public:
    Conduit() : rise_(kWide, 0.0f), east_(kCrystals), up_(kCrystals) {
        for (int y = 0; y < kHigh; ++y) {
            std::fill(heat_.row(y) + kWide / 3, heat_.row(y) + 2 * kWide / 3, kMelt);
        }
        for (int i = 0; i < kCrystals; ++i) {
            east_[i] = float(kWide / 3) + float(next() % (kWide / 3));
            up_[i] = float(next() % kHigh);
        }
    }

    void step(float chamber) {
        feed(chamber);
        set_rise();
        diffuse();
        carry();
    }

    bool save(const char* path) const {
        FILE* file = std::fopen(path, "wb");
        if (!file) {
            return false;
        }
        const bool whole = std::fwrite(heat_.cells.data(), sizeof(float), heat_.cells.size(), file) == heat_.cells.size();
        return std::fclose(file) == 0 && whole;
    }

private:
    uint32_t next() {
        seed_ = seed_ * 1664525u + 1013904223u;
        return seed_ >> 8;
    }

    // The chamber below gives new melt.
    void feed(float chamber) {
        std::fill(heat_.row(0) + kWide / 3, heat_.row(0) + 2 * kWide / 3, chamber);
    }

    // How fast each column rises: by its viscosity, halfway up.
    void set_rise() {
        const float* middle = heat_.row(kHigh / 2);
        for (int x = 0; x < kWide; ++x) {
            const float fluid = std::max(0.0f, (middle[x] - 800.0f) / 400.0f);
            rise_[x] = 0.45f * fluid * fluid;
        }
    }

    // Conduction in both directions and the upward flow, in one pass over the rows.
    void diffuse() {
        const float* __restrict rise = rise_.data();
        for (int y = 1; y < kHigh - 1; ++y) {
            const float* __restrict below = heat_.row(y - 1);
            const float* __restrict here = heat_.row(y);
            const float* __restrict above = heat_.row(y + 1);
            float* __restrict out = after_.row(y);
            for (int x = 1; x < kWide - 1; ++x) {
                const float around = here[x - 1] + here[x + 1] + below[x] + above[x] - 4.0f * here[x];
                out[x] = here[x] + 0.18f * around + rise[x] * (below[x] - here[x]);
            }
            out[0] = out[kWide - 1] = kRock;
        }
        std::copy(heat_.row(0), heat_.row(0) + kWide, after_.row(0));
        std::copy(after_.row(kHigh - 2), after_.row(kHigh - 2) + kWide, after_.row(kHigh - 1));
        std::swap(heat_, after_);
    }

    void carry() {
        for (int i = 0; i < kCrystals; ++i) {
            const int x = int(east_[i]);
            up_[i] += rise_[x] - 0.02f;
            if (up_[i] >= float(kHigh) || up_[i] < 0) {
                up_[i] = 0;
                east_[i] = float(kWide / 3) + float(next() % (kWide / 3));
            }
        }
    }

    Grid heat_, after_;
    std::vector<float> rise_, east_, up_;
    uint32_t seed_ = 79;
};

}  // namespace

int main() {
    Conduit conduit;
    constexpr auto kStep = std::chrono::milliseconds(10);
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    auto due = std::chrono::steady_clock::now();
    for (long step = 0;; ++step) {
        conduit.step(kMelt + float(step % 200) * 0.1f);
        if (step % 1000 == 999 && !conduit.save("conduit.field")) {
            std::perror("conduit.field");
        }
        due += kStep;
        std::this_thread::sleep_until(due);
    }
}
