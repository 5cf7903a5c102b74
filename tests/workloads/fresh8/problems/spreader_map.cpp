// expect: pattern=hot-loop bench
// Steers a fertiliser spreader: a map says how much each strip of the field needs; for each position of the tractor the
// outlets along the boom are set, where they have not been before, and what was spread is added up.
// Measured: a fix takes 0.8 ms of a core for its 36 outlets; in the twin 6 µs.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

volatile std::sig_atomic_t ending = 0;

constexpr double pi = 3.14159265358979323846;
constexpr int outlets = 36;
constexpr double boom = 27.0;             // metres
constexpr double longitude = 11.5, latitude = 48.1; // of the corner where the field begins

struct Fix { double longitude, latitude, heading, speed; };
struct Point { double east, north; };

// One strip of the map, from where it begins to where the next one does.
struct Strip {
    double nitrogen;  // kilograms a hectare
    int soil;
    bool verge;       // nothing is spread beside water
};

class Prescription {
public:
    Prescription(double width, int strips, unsigned seed) {
        std::mt19937 dice(seed);
        std::uniform_real_distribution<double> share(0.4, 1.6), need(30, 180);
        double at = 0;
        for (int number = 0; number < strips; ++number) {
            strips_[std::llround(at * 1000)] = {need(dice), number % 5, number % 97 == 0};
            at += width / strips * share(dice);
        }
    }

    // What the map says for so many metres from the edge.
    const Strip &at(double east) const {
        const auto millimetres = std::llround(east * 1000);
        auto next = std::upper_bound( // <- cost
            strips_.begin(), strips_.end(), millimetres, // <- cost
            [](long long where, const auto &strip) { return where < strip.first; }); // <- cost
        return next == strips_.begin() ? next->second : std::prev(next)->second;
    }

private:
    std::map<long long, Strip> strips_;
};

// Where something was spread already, in squares of half a metre.
class Covered {
public:
    Covered(double width, double length)
        : columns_(static_cast<int>(width * 2)), rows_(static_cast<int>(length * 2)), squares_(columns_ * rows_) {}

    bool mark(Point point) {
        const int column = static_cast<int>(point.east * 2), row = static_cast<int>(point.north * 2);
        if (column < 0 || row < 0 || column >= columns_ || row >= rows_)
            return false;
        std::uint8_t &square = squares_[static_cast<std::size_t>(row) * columns_ + column];
        const bool fresh = square != turn_;
        square = turn_;
        return fresh;
    }

    void again() { ++turn_; }

private:
    int columns_, rows_;
    std::uint8_t turn_ = 1;
    std::vector<std::uint8_t> squares_;
};

// An outlet follows what it is asked for with some delay.
struct Outlet {
    double asked = 0, flow = 0, spread = 0;

    void step(double seconds) {
        flow += (asked - flow) * std::min(1.0, 4 * seconds);
        spread += flow * seconds;
    }
};

class Spreader {
public:
    Spreader(const Prescription &map, Covered &covered) : map_(map), covered_(covered), outlets_(outlets) {}

    void move(const Fix &fix, double seconds) {
        const Point middle = project(fix);
        const double across = fix.heading * pi / 180 + pi / 2;
        for (int number = 0; number < outlets; ++number) { // <- cost
            const double aside = boom * ((number + 0.5) / outlets - 0.5);
            const Point point{middle.east + aside * std::sin(across), middle.north + aside * std::cos(across)};
            Outlet &outlet = outlets_[number];
            const bool fresh = covered_.mark(point);
            const Strip &strip = map_.at(point.east); // <- cost
            const double wet = strip.soil == 4 ? 0.8 : 1.0;
            outlet.asked = fresh && !strip.verge ? strip.nitrogen * wet * fix.speed * (boom / outlets) / 10000 : 0;
            outlet.step(seconds);
        }
        ++fixes_;
    }

    std::string summary() const {
        double total = 0, most = 0;
        for (const Outlet &outlet : outlets_) {
            total += outlet.spread;
            most = std::max(most, outlet.flow);
        }
        char text[120];
        std::snprintf(text, sizeof text, "%ld fixes, %.1f kg, at most %.3f kg/s at an outlet", fixes_, total, most);
        return text;
    }

private:
    static Point project(const Fix &fix) {
        const double metre = 111320;
        return {(fix.longitude - longitude) * metre * std::cos(latitude * pi / 180), (fix.latitude - latitude) * metre};
    }

    const Prescription &map_;
    Covered &covered_;
    std::vector<Outlet> outlets_;
    long fixes_ = 0;
};

// Stands in for the receiver: up and down the field, a boom's width further each time.
class Tractor {
public:
    Tractor(double width, double length) : width_(width), length_(length) {}

    Fix next(double seconds) {
        const double speed = 3.4;
        north_ += up_ ? speed * seconds : -speed * seconds;
        if (north_ < 0 || north_ > length_) {
            up_ = !up_;
            east_ += boom;
            if (east_ > width_) {
                east_ = boom / 2;
                ++rounds;
            }
        }
        const double metre = 111320, wobble = 0.3 * std::sin(north_ / 9);
        return {longitude + (east_ + wobble) / metre / std::cos(latitude * pi / 180), latitude + north_ / metre,
                up_ ? 2.0 : 182.0, speed};
    }

    int rounds = 0;

private:
    double width_, length_, east_ = boom / 2, north_ = 0;
    bool up_ = true;
};

} // namespace

int main() {
    std::signal(SIGTERM, [](int) { ending = 1; });
    const double width = 900, length = 1200;
    const Prescription map(width, 2400, 5);
    Covered covered(width, length);
    Spreader spreader(map, covered);
    Tractor tractor(width, length);
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    int rounds = 0;
    for (long batch = 1; !ending; ++batch) {
        for (int fix = 0; fix < 10; ++fix) {
            spreader.move(tractor.next(0.1), 0.1); // <- cost
            if (tractor.rounds != rounds) {
                rounds = tractor.rounds;
                covered.again();
            }
        }
        if (batch % 500 == 0) {
            std::puts(spreader.summary().c_str());
            std::fflush(stdout);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}
