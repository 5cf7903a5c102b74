// expect: healthy bench
// Takes the speckle out of radar images of a satellite, strip after strip as they come from the receiver: smooths
// each pixel by what is around it, then looks up the backscatter in decibels, and draws a coarse map of where the sea is.
// Measured: 206 strips for each second of a core, 60 in the twin.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

constexpr int Width = 1024, Height = 128, Cell = 32, Levels = 4096;

struct Strip {
    int number = 0;
    std::vector<uint16_t> pixels = std::vector<uint16_t>(Width * Height);

    uint16_t at(int x, int y) const { return pixels[y * Width + x]; }
};

// Makes strips as the receiver hands them over: a coast, with the noise of a radar.
class Receiver {
    uint32_t state_ = 77;
    int number_ = 0;

    uint32_t draw() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }

public:
    void next(Strip& strip) {
        strip.number = number_++;
        int coast = Width / 3 + strip.number * 37 % (Width / 3);
        for (int y = 0; y < Height; y++) {
            coast += static_cast<int>(draw() % 3) - 1;
            for (int x = 0; x < Width; x++) {
                uint32_t noise = draw();
                uint32_t mean = x < coast ? 180 : 900;
                uint32_t speckle = (noise & 255) + (noise >> 8 & 255) + (noise >> 16 & 255);
                strip.pixels[y * Width + x] = static_cast<uint16_t>(mean * speckle / 384 % Levels);
            }
        }
    }
};

// The filter of Lee: smooths where the surroundings of a pixel are even, and leaves edges alone.
class LeeFilter {
    int radius_;
    float noise_;

    void surroundings(const Strip& strip, int x, int y, std::vector<float>& found) const {
        found.clear();
        for (int v = std::max(0, y - radius_); v <= std::min(Height - 1, y + radius_); v++)
            for (int u = std::max(0, x - radius_); u <= std::min(Width - 1, x + radius_); u++)
                found.push_back(strip.at(u, v));
    }

    float smoothed(float centre, const std::vector<float>& around) const {
        float sum = 0, squares = 0;
        for (float value : around) {
            sum += value;
            squares += value * value;
        }
        float mean = sum / around.size();
        float variance = std::max(0.0f, squares / around.size() - mean * mean);
        float weight = std::max(0.0f, 1 - noise_ * mean * mean / std::max(variance, 1.0f));
        return mean + weight * (centre - mean);
    }

public:
    LeeFilter(int radius, float looks) : radius_(radius), noise_(1 / looks) {}

    void apply(const Strip& from, Strip& to) const {
        to.number = from.number;
        std::vector<float> around;
        around.reserve((2 * radius_ + 1) * (2 * radius_ + 1));
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++) {
                surroundings(from, x, y, around);
                to.pixels[y * Width + x] = static_cast<uint16_t>(smoothed(from.at(x, y), around));
            }
    }
};

class Calibration {
    std::array<float, Levels> decibels_{};

public:
    Calibration() {
        for (int level = 0; level < Levels; level++) decibels_[level] = 20.0f * std::log10(level + 1.0f) - 60.0f;
    }

    void apply(const Strip& strip, std::vector<float>& into) const {
        for (size_t i = 0; i < strip.pixels.size(); i++) into[i] = decibels_[strip.pixels[i]];
    }
};

// Tells sea from land by the mean backscatter of cells.
class SeaMap {
    std::string row_ = std::string(Width / Cell, ' ');
    long sea_ = 0, cells_ = 0;

public:
    const std::string& row(const std::vector<float>& decibels, int from) {
        for (int c = 0; c < Width / Cell; c++) {
            float sum = 0;
            for (int y = from; y < from + Cell; y++)
                for (int x = c * Cell; x < (c + 1) * Cell; x++) sum += decibels[y * Width + x];
            bool sea = sum / (Cell * Cell) < -8.0f;
            row_[c] = sea ? '~' : '#';
            sea_ += sea;
            cells_++;
        }
        return row_;
    }

    double share() const { return cells_ ? static_cast<double>(sea_) / cells_ : 0; }
};

int main() {
    Receiver receiver;
    Strip raw, clean;
    LeeFilter filter(1, 4);
    Calibration calibration;
    SeaMap map;
    std::vector<float> decibels(Width * Height);
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    auto began = std::chrono::steady_clock::now();
    for (int number = 1;; number++) {
        receiver.next(raw);
        filter.apply(raw, clean);
        calibration.apply(clean, decibels);
        std::string rows;
        for (int y = 0; y < Height; y += Cell) rows += map.row(decibels, y) + "\n";
        if (number % 20 == 0) {
            std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
            std::ofstream("sea.txt") << rows << number / spent.count() << " strips a second, sea " << map.share() << "\n";
        }
    }
}
