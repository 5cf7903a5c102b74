// expect: healthy bench
// Plans the passages of a shipping line: for each voyage the quickest way over a grid of the sea is looked for, in wind and
// swell that change as she goes; fuel is reckoned along it, and the plans of the day go to the ships as one file.
// Measured: a voyage takes 7.5 ms of CPU, 40 of them a second: a third of a core.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <limits>
#include <random>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kWide = 180, kHigh = 110, kHours = 24;
constexpr double kMiles = 12.0;  // between two points of the grid
constexpr std::array<std::array<int, 2>, 8> kSteps{{{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}};

struct Weather {
    float wind, from, swell;
};

/// The forecast: a field for every third hour, made anew when a report comes in.
class Forecast {
public:
    explicit Forecast(unsigned seed) : chance_(seed), fields_(kHours * kWide * kHigh) { renew(); }

    const Weather &at(int place, double hours) const {
        return fields_[static_cast<std::size_t>(std::min(kHours - 1, static_cast<int>(hours / 3)) * kWide * kHigh + place)];
    }

    /// Two lows cross the sea.
    void renew() {
        std::uniform_real_distribution<float> unit(0, 1);
        std::array<std::array<float, 4>, 2> lows{};
        for (auto &low : lows) low = {unit(chance_) * kWide, unit(chance_) * kHigh, 1 + 2 * unit(chance_), unit(chance_) - 0.5F};
        for (int hour = 0; hour < kHours; hour++) {
            for (int place = 0; place < kWide * kHigh; place++) {
                float east = 0, north = 0;
                for (const auto &low : lows) {
                    const float x = place % kWide - low[0] - low[2] * hour, y = place / kWide - low[1] - low[3] * hour;
                    const float force = 900 / (400 + x * x + y * y);
                    east -= force * y;
                    north += force * x;
                }
                const float wind = std::sqrt(east * east + north * north);
                fields_[static_cast<std::size_t>(hour * kWide * kHigh + place)] = {wind, std::atan2(north, east), wind * 0.12F};
            }
        }
    }

private:
    std::mt19937 chance_;
    std::vector<Weather> fields_;
};

class Chart {
public:
    Chart() : land_(kWide * kHigh) {
        for (int island = 0; island < 26; island++) {
            const int x = 11 + island * 37 % (kWide - 22), y = 11 + island * 53 % (kHigh - 22), size = 3 + island % 5;
            for (int dy = -size; dy <= size; dy++)
                for (int dx = -size; dx <= size; dx++)
                    if (dx * dx + dy * dy <= size * size) land_[static_cast<std::size_t>((y + dy) * kWide + x + dx)] = true;
        }
    }
    bool sea(int x, int y) const { return x >= 0 && y >= 0 && x < kWide && y < kHigh && !land_[static_cast<std::size_t>(y * kWide + x)]; }

private:
    std::vector<bool> land_;
};

/// How fast a ship goes: head seas slow her down most.
double knots(double calm, double heading, const Weather &weather) {
    const double against = 0.5 - 0.5 * std::cos(heading - weather.from);
    return std::max(3.0, calm - weather.swell * weather.swell * 0.35 * against - weather.wind * 0.03);
}

struct Plan {
    double hours = 0, tons = 0;
    std::vector<int> way;
};

class Planner {
public:
    Planner(const Chart &chart, const Forecast &forecast)
        : chart_(chart), forecast_(forecast), arrival_(kWide * kHigh), before_(kWide * kHigh) {}

    /// The quickest way (A*: no ship is faster than in calm water).
    bool plan(int from, int to, double calm, Plan &plan) {
        std::fill(arrival_.begin(), arrival_.end(), std::numeric_limits<double>::infinity());
        open_.clear();
        arrival_[from] = 0;
        open_.push_back({least(from, to, calm), from});
        while (!open_.empty()) {
            std::pop_heap(open_.begin(), open_.end(), std::greater<>());
            const auto [estimate, place] = open_.back();
            open_.pop_back();
            if (place == to) return trace(from, to, calm, plan);
            if (estimate > arrival_[place] + least(place, to, calm) + 1e-9) continue;
            expand(place, to, calm);
        }
        return false;
    }

private:
    struct Open {
        double estimate;
        int place;
        bool operator>(const Open &other) const { return estimate > other.estimate; }
    };

    static double least(int place, int to, double calm) {
        const double dx = place % kWide - to % kWide, dy = place / kWide - to / kWide;
        return kMiles * std::sqrt(dx * dx + dy * dy) / calm;
    }

    void expand(int place, int to, double calm) {
        const double now = arrival_[place];
        const Weather &weather = forecast_.at(place, now);
        for (std::size_t way = 0; way < kSteps.size(); way++) {
            const auto [dx, dy] = kSteps[way];
            if (!chart_.sea(place % kWide + dx, place / kWide + dy)) continue;
            const int next = place + dy * kWide + dx;
            const double miles = dx && dy ? kMiles * M_SQRT2 : kMiles;
            const double then = now + miles / knots(calm, way * M_PI / 4, weather);
            if (then >= arrival_[next]) continue;
            arrival_[next] = then;
            before_[next] = place;
            open_.push_back({then + least(next, to, calm), next});
            std::push_heap(open_.begin(), open_.end(), std::greater<>());
        }
    }

    bool trace(int from, int to, double calm, Plan &plan) const {
        plan.way.clear();
        plan.hours = arrival_[to];
        plan.tons = 0;
        for (int place = to; place != from; place = before_[place]) {
            plan.way.push_back(place);
            const double hours = arrival_[place] - arrival_[before_[place]];
            plan.tons += hours * calm * calm * calm * 0.0006 * (1 + 0.02 * forecast_.at(place, arrival_[place]).swell);
        }
        std::reverse(plan.way.begin(), plan.way.end());
        return true;
    }

    const Chart &chart_;
    const Forecast &forecast_;
    std::vector<double> arrival_;
    std::vector<int> before_;
    std::vector<Open> open_;  // keeps its room from one voyage to the next
};

void write_plan(std::ostream &out, unsigned voyage, const Plan &plan) {
    out << "voyage " << voyage << ": " << plan.hours << " h, " << plan.tons << " t:";
    for (std::size_t i = 0; i < plan.way.size(); i += 10) out << ' ' << plan.way[i] % kWide << '/' << plan.way[i] / kWide;
    out << '\n';
}

}  // namespace

int main() {
    using Clock = std::chrono::steady_clock;
    const Chart chart;
    Forecast forecast(1805);
    Planner planner(chart, forecast);
    std::mt19937 chance(21);
    std::uniform_int_distribution<int> row(0, kHigh - 1);
    std::uniform_real_distribution<double> speed(11, 17);
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    Plan plan;
    auto due = Clock::now();
    std::ofstream file("passages.txt");
    for (unsigned voyage = 1;; voyage++) {
        const int from = row(chance) * kWide, to = row(chance) * kWide + kWide - 1;
        if (planner.plan(from, to, speed(chance), plan)) write_plan(file, voyage, plan);
        if (voyage % 60 == 0) {  // the next day: its plans take the place of the last one's
            forecast.renew();
            file.close();
            std::fprintf(stderr, "%u voyages, %.2f ms of CPU each\n", voyage, 1000.0 * std::clock() / CLOCKS_PER_SEC / voyage);
            file.open("passages.txt", std::ios::trunc);
        }
        due = std::max(due + std::chrono::milliseconds(25), Clock::now() - std::chrono::milliseconds(100));
        std::this_thread::sleep_until(due);
    }
}
