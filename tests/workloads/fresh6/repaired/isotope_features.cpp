// expect: healthy bench
// A mass spectrometer of a doping laboratory: takes the scans as they come, cleans them, and follows each substance
// from scan to scan as a feature (a mass that stays). Features that have ended are written to the list of the run.
// Measured: 4.0 ms of CPU time a scan of 790 peaks, 97 % of it among the features; 0.18 ms in the twin.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr double kPartsPerMillion = 6e-6;
constexpr int kSubstances = 3200, kPeaksPerScan = 900, kMissedScans = 25;
constexpr long kLargestList = 32L << 20;
constexpr auto kScanTime = std::chrono::microseconds(6000);

struct Peak {
    double mz;
    float intensity;
};

// What the instrument sends: substances that come and go, each a little off its true mass, over a noisy ground.
class Instrument {
  public:
    Instrument() : masses_(kSubstances) {
        for (double &mass : masses_) mass = 80.0 + 1400.0 * uniform();
    }

    void scan(std::vector<Peak> &peaks) {
        peaks.clear();
        masses_[next() % masses_.size()] = 80.0 + 1400.0 * uniform();  // one leaves the column, another enters it
        for (int i = 0; i < kPeaksPerScan; ++i) {
            double mass = masses_[next() % masses_.size()];
            double off = (uniform() - 0.5) * kPartsPerMillion * mass;
            peaks.push_back({mass + off, static_cast<float>(200.0 + 90000.0 * uniform() * uniform())});
        }
        std::sort(peaks.begin(), peaks.end(), [](const Peak &a, const Peak &b) { return a.mz < b.mz; });
    }

  private:
    uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

    std::vector<double> masses_;
    uint64_t state_ = 88172645463325252ULL;
};

// Takes the ground away: the median of the intensities, and what is hardly above it.
class Cleaner {
  public:
    void clean(std::vector<Peak> &peaks) {
        intensities_.clear();
        for (const Peak &peak : peaks) intensities_.push_back(peak.intensity);
        auto middle = intensities_.begin() + static_cast<long>(intensities_.size() / 8);
        std::nth_element(intensities_.begin(), middle, intensities_.end());
        float ground = *middle;
        auto last = std::remove_if(peaks.begin(), peaks.end(), [&](const Peak &p) { return p.intensity < ground; });
        peaks.erase(last, peaks.end());
    }

  private:
    std::vector<float> intensities_;
};

struct Feature {
    double mz;  // of the first peak
    double weighted, area;
    float apex;
    int first, last, scans;

    void add(const Peak &peak, int scan) {
        weighted += peak.mz * peak.intensity;
        area += peak.intensity;
        apex = std::max(apex, peak.intensity);
        last = scan;
        ++scans;
    }
};

class FeatureTable {
  public:
    explicit FeatureTable(const char *path) : list_(std::fopen(path, "w")) {
        if (!list_) std::exit(1);
        features_.reserve(2 * kSubstances);
    }

    void add(const std::vector<Peak> &peaks, int scan) {
        for (const Peak &peak : peaks) {
            if (Feature *known = find(peak.mz)) {
                known->add(peak, scan);
            } else {
                fresh_.push_back({peak.mz, 0, 0, 0, scan, scan, 0});
                fresh_.back().add(peak, scan);
            }
        }
        insert();
        if (scan % kMissedScans == 0) retire(scan);
    }

    size_t size() const { return features_.size(); }

  private:
    static bool lighter(const Feature &feature, double mz) { return feature.mz < mz; }

    // Puts the new ones of a scan (its peaks are in order of their mass) among the known ones, which are in that order.
    void insert() {
        if (fresh_.empty()) return;
        auto known = static_cast<long>(features_.size());
        features_.insert(features_.end(), fresh_.begin(), fresh_.end());
        fresh_.clear();
        auto by_mass = [](const Feature &a, const Feature &b) { return a.mz < b.mz; };
        std::inplace_merge(features_.begin(), features_.begin() + known, features_.end(), by_mass);
    }

    // The feature that is nearest to a mass, if it is near enough.
    Feature *find(double mz) {
        Feature *nearest = nullptr;
        double least = mz * kPartsPerMillion;
        auto at = std::lower_bound(features_.begin(), features_.end(), mz - least, lighter);
        for (; at != features_.end() && at->mz < mz + least; ++at) {
            double off = std::fabs(at->mz - mz);
            if (off < least) {
                least = off;
                nearest = &*at;
            }
        }
        return nearest;
    }

    // Writes what has not been seen for a while, and forgets it.
    void retire(int scan) {
        auto ended = [&](const Feature &f) {
            if (scan - f.last <= kMissedScans) return false;
            if (f.scans >= 3) {
                std::fprintf(list_, "%.5f %.0f %.0f %d %d\n", f.weighted / f.area, f.area, f.apex, f.first, f.last);
            }
            return true;
        };
        features_.erase(std::remove_if(features_.begin(), features_.end(), ended), features_.end());
        if (std::ftell(list_) > kLargestList) std::rewind(list_);
    }

    std::vector<Feature> features_, fresh_;
    std::FILE *list_;
};

}  // namespace

int main() {
    Instrument instrument;
    Cleaner cleaner;
    FeatureTable table("features.txt");
    std::vector<Peak> peaks;
    std::FILE *log = std::fopen("run.log", "w");
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    auto due = std::chrono::steady_clock::now();
    double spent = 0;
    for (int scan = 0;; ++scan) {
        auto began = std::chrono::steady_clock::now();
        instrument.scan(peaks);
        cleaner.clean(peaks);
        table.add(peaks, scan);
        auto now = std::chrono::steady_clock::now();
        spent += std::chrono::duration<double, std::micro>(now - began).count();
        if (scan % 1000 == 999) {
            std::fprintf(log, "scan %d: %zu features, %.0f us a scan\n", scan + 1, table.size(), spent / 1000);
            std::fflush(log);
            spent = 0;
        }
        due = std::max(due + kScanTime, now - 10 * kScanTime);
        std::this_thread::sleep_until(due);
    }
}
