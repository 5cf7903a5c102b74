// expect: healthy bench
// Macaron centroids: keeps a shop's customer segments up to date (mini-batch k-means over order embeddings).
//
// Ten batches of order embeddings come a second; each point goes to the nearest centroid, and the centroids move by
// the batch's means. Busy: more than half a core, in one loop over flat arrays.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <thread>
#include <unistd.h>
#include <vector>

constexpr int kWidth = 32;
constexpr int kSegments = 128;
constexpr int kBatch = 20000;
constexpr int kBatches = 8;
constexpr auto kPeriod = std::chrono::milliseconds(100);

/// Rows of kWidth floats, one after the other.
using Rows = std::vector<float>;

class Segments {
public:
    explicit Segments(const Rows& sample)
        : centroids_(sample.begin(), sample.begin() + kSegments * kWidth),
          byWidth_(kSegments * kWidth), halfNorms_(kSegments), seen_(kSegments, 1), sums_(kSegments * kWidth),
          counts_(kSegments) {
        transpose();
    }

    /// Takes a batch in; the mean of what was gained by each point (its dot product less half the norm).
    double update(const Rows& batch) {
        std::fill(sums_.begin(), sums_.end(), 0.f);
        std::fill(counts_.begin(), counts_.end(), 0);
        double gained = 0;
        const int points = static_cast<int>(batch.size()) / kWidth;
        for (int point = 0; point < points; ++point) {
            const float* row = &batch[static_cast<std::size_t>(point) * kWidth];
            float gain;
            const int segment = nearest(row, gain);
            gained += gain;
            float* sum = &sums_[segment * kWidth];
            for (int i = 0; i < kWidth; ++i) sum[i] += row[i];
            ++counts_[segment];
        }
        move();
        return gained / points;
    }

    int largest() const {
        return static_cast<int>(std::max_element(seen_.begin(), seen_.end()) - seen_.begin());
    }

private:
    /// The centroid with the smallest distance: the largest of (row . centroid - |centroid|^2 / 2).
    int nearest(const float* row, float& gain) const {
        float scores[kSegments];
        for (int s = 0; s < kSegments; ++s) scores[s] = -halfNorms_[s];
        for (int i = 0; i < kWidth; ++i) {
            const float value = row[i];
            const float* column = &byWidth_[i * kSegments];
            for (int s = 0; s < kSegments; ++s) scores[s] += value * column[s];
        }
        int best = 0;
        for (int s = 1; s < kSegments; ++s)
            if (scores[s] > scores[best]) best = s;
        gain = scores[best];
        return best;
    }

    void move() {
        for (int s = 0; s < kSegments; ++s) {
            if (counts_[s] == 0) continue;
            seen_[s] += counts_[s];
            const float rate = static_cast<float>(counts_[s]) / static_cast<float>(seen_[s]);
            const float share = 1.f / static_cast<float>(counts_[s]);
            for (int i = 0; i < kWidth; ++i) {
                float& value = centroids_[s * kWidth + i];
                value += rate * (sums_[s * kWidth + i] * share - value);
            }
        }
        transpose();
    }

    void transpose() {
        for (int s = 0; s < kSegments; ++s) {
            float squares = 0;
            for (int i = 0; i < kWidth; ++i) {
                const float value = centroids_[s * kWidth + i];
                byWidth_[i * kSegments + s] = value;
                squares += value * value;
            }
            halfNorms_[s] = squares / 2;
        }
    }

    Rows centroids_, byWidth_, halfNorms_;
    std::vector<std::int64_t> seen_;
    Rows sums_;
    std::vector<int> counts_;
};

/// What the order pipeline hands over: embeddings around some tastes.
std::vector<Rows> order_batches() {
    std::mt19937 random(71);
    std::normal_distribution<float> normal(0, 1);
    Rows tastes(90 * kWidth);
    for (float& value : tastes) value = 2 * normal(random);
    std::vector<Rows> batches(kBatches);
    for (Rows& batch : batches) {
        batch.resize(static_cast<std::size_t>(kBatch) * kWidth);
        for (int point = 0; point < kBatch; ++point) {
            const std::size_t taste = random() % 90;
            for (int i = 0; i < kWidth; ++i)
                batch[static_cast<std::size_t>(point) * kWidth + i] = tastes[taste * kWidth + i] + normal(random);
        }
    }
    return batches;
}

int main() {
    const std::vector<Rows> batches = order_batches();
    Segments segments(batches[0]);
    double gained = 0;
    auto due = std::chrono::steady_clock::now();
    for (std::uint64_t number = 0;; ++number) {
        gained = 0.9 * gained + 0.1 * segments.update(batches[number % kBatches]);
        if (number == 5) {
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
            due = std::chrono::steady_clock::now();
        }
        if (number % 300 == 299)
            std::fprintf(stderr, "batch %llu: gain %.4f, largest segment %d\n", static_cast<unsigned long long>(number),
                         gained, segments.largest());
        due += kPeriod;
        std::this_thread::sleep_until(due);
    }
}
