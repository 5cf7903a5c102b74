// expect: healthy bench
//
// Irrigation of a lavender plateau: the soil probes report their moisture, the map of the field between them is made by
// inverse distances, and the valves of the drip lines are set by it. Six times a second a new round of reports is in.
//
// Measured: CPU 0.34-0.46 cores with the problem, 0.01 in the twin, for the same six rounds a second.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace {

constexpr int kWidth = 270;
constexpr int kHeight = 210;
constexpr double kCellMetres = 2.5;
constexpr int kProbes = 40;
constexpr double kPower = 2.2;
constexpr double kWiltingPoint = 0.11;
constexpr double kFieldCapacity = 0.29;
constexpr int kLineRows = 7;
constexpr auto kPeriod = std::chrono::milliseconds(166);

struct Probe {
    double x, y;
    double moisture;
    double drift;
};

struct Valve {
    int first_row, last_row;
    bool open = false;
    double litres = 0;
};

class Field {
public:
    explicit Field(unsigned seed) : random_(seed) {
        std::uniform_real_distribution<double> across(0, kWidth * kCellMetres), down(0, kHeight * kCellMetres);
        std::uniform_real_distribution<double> wet(kWiltingPoint, kFieldCapacity);
        for (int i = 0; i < kProbes; ++i) probes_.push_back({across(random_), down(random_), wet(random_), 0});
    }

    const std::vector<Probe>& probes() const { return probes_; }

    // The next round of reports: the soil dries, and is wetted where a valve is open.
    void report(const std::vector<Valve>& valves) {
        std::normal_distribution<double> noise(0, 0.0008);
        for (auto& probe : probes_) {
            const int row = static_cast<int>(probe.y / kCellMetres);
            const bool wetted = std::any_of(valves.begin(), valves.end(), [row](const Valve& valve) {
                return valve.open && row >= valve.first_row && row <= valve.last_row;
            });
            probe.drift = 0.9 * probe.drift + noise(random_);
            probe.moisture += (wetted ? 0.004 : -0.002) + probe.drift;
            probe.moisture = std::clamp(probe.moisture, 0.04, 0.42);
        }
    }

private:
    std::mt19937 random_;
    std::vector<Probe> probes_;
};

// How much each probe says about each cell; the weights of a cell add up to one.
std::vector<float> probe_weights(const std::vector<Probe>& probes) {
    std::vector<float> weights(static_cast<size_t>(kWidth) * kHeight * probes.size());
    size_t at = 0;
    for (int row = 0; row < kHeight; ++row) {
        for (int column = 0; column < kWidth; ++column) {
            const double x = (column + 0.5) * kCellMetres, y = (row + 0.5) * kCellMetres;
            double sum = 0;
            for (size_t i = 0; i < probes.size(); ++i) {
                const double distance = std::hypot(probes[i].x - x, probes[i].y - y);
                const double weight = 1.0 / std::pow(std::max(distance, 0.5), kPower);
                weights[at + i] = static_cast<float>(weight);
                sum += weight;
            }
            for (size_t i = 0; i < probes.size(); ++i) weights[at + i] /= static_cast<float>(sum);
            at += probes.size();
        }
    }
    return weights;
}

class MoistureMap {
public:
    explicit MoistureMap(const std::vector<Probe>& probes)
        : cells_(static_cast<size_t>(kWidth) * kHeight), weights_(probe_weights(probes)) {}

    void update(const std::vector<Probe>& probes) {
        const float* weight = weights_.data();
        float moisture[kProbes];
        for (int i = 0; i < kProbes; ++i) moisture[i] = static_cast<float>(probes[i].moisture);
        for (auto& cell : cells_) {
            float value = 0;
            for (int i = 0; i < kProbes; ++i) value += weight[i] * moisture[i];
            cell = value;
            weight += kProbes;
        }
    }

    double mean(int first_row, int last_row) const {
        double sum = 0;
        const size_t begin = static_cast<size_t>(first_row) * kWidth, end = static_cast<size_t>(last_row + 1) * kWidth;
        for (size_t i = begin; i < end; ++i) sum += cells_[i];
        return sum / static_cast<double>(end - begin);
    }

    double dry_share() const {
        const auto dry = std::count_if(cells_.begin(), cells_.end(), [](float cell) { return cell < 0.15f; });
        return static_cast<double>(dry) / static_cast<double>(cells_.size());
    }

private:
    std::vector<float> cells_;
    std::vector<float> weights_;
};

class Controller {
public:
    Controller() {
        for (int row = 0; row < kHeight; row += kLineRows)
            valves_.push_back({row, std::min(row + kLineRows, kHeight) - 1});
    }

    const std::vector<Valve>& valves() const { return valves_; }

    void decide(const MoistureMap& map) {
        for (auto& valve : valves_) {
            const double mean = map.mean(valve.first_row, valve.last_row);
            if (mean < kWiltingPoint + 0.05) valve.open = true;
            if (mean > kFieldCapacity - 0.06) valve.open = false;
            if (valve.open) valve.litres += 1.8 * kWidth / 6;
        }
    }

    std::string line(long round, const MoistureMap& map) const {
        long open = 0;
        double litres = 0;
        for (const auto& valve : valves_) {
            open += valve.open;
            litres += valve.litres;
        }
        char text[120];
        std::snprintf(text, sizeof text, "round %ld: %ld of %zu valves open, %.0f l, %.1f %% dry", round, open,
                      valves_.size(), litres, 100 * map.dry_share());
        return text;
    }

private:
    std::vector<Valve> valves_;
};

void publish(const std::string& line) {
    std::ofstream("irrigation.new") << line << '\n';
    std::rename("irrigation.new", "irrigation.txt");
}

}  // namespace

int main() {
    Field field(42);
    Controller controller;
    MoistureMap map(field.probes());
    auto due = std::chrono::steady_clock::now();
    for (long round = 0;; ++round) {
        field.report(controller.valves());
        map.update(field.probes());
        controller.decide(map);
        if (round % 30 == 0) publish(controller.line(round, map));
        if (round == 3) {
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
        }
        due += kPeriod;
        std::this_thread::sleep_until(due);
    }
}
