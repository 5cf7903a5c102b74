// bench: healthy
// Looks for alignments in rings of standing stones: every two seconds the survey of another ring is taken, and for each
// pair of stones it is reckoned which risings and settings of the sun and of bright stars in prehistory they point to.
// Two threads share the pairs in portions; the findings go to a file in one piece, then the next ring is waited for.
//
// Measured: some 0.4 s of CPU every two seconds (19 % of a core), on two threads; 6 to 10 MiB.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kRound = 2;         // seconds
constexpr size_t kPortion = 2048;  // pairs

double radians(double degrees) { return degrees * kPi / 180; }
double degrees(double radians) { return radians * 180 / kPi; }

struct Stone {
    double east, north;
};

struct Survey {
    std::string name;
    double latitude;
    std::vector<Stone> stones;
    std::vector<double> horizon;  // the height of the hills, degree by degree
};

struct Event {
    double azimuth;
    int year;
    int body;
};

struct Finding {
    int from, to;
    double azimuth, off;
    Event event;
};

// What the round before has left of the surveys: made up from a number here.
Survey survey(unsigned number) {
    std::mt19937 dice(number * 2654435761u + 1);
    std::uniform_real_distribution<double> spread(-1, 1);
    Survey made{"ring " + std::to_string(number), 51 + 8 * std::abs(spread(dice)), {}, std::vector<double>(360)};
    int stones = 760 + static_cast<int>(dice() % 20);
    for (int i = 0; i < stones; i++) {
        double angle = 2 * kPi * i / stones, radius = 90 + 3 * spread(dice);
        made.stones.push_back({radius * std::sin(angle), radius * std::cos(angle)});
    }
    for (size_t i = 0; i < made.horizon.size(); i++) {
        made.horizon[i] = 1.2 + std::sin(radians(static_cast<double>(i) * 3)) + 0.2 * spread(dice);
    }
    return made;
}

class Sky {
  public:
    explicit Sky(const Survey& place) : place_(place) {
        for (int year = -3000; year < -1000; year++) {
            double tilt = 23.43 + 0.013 * (2000 - year) / 100;
            for (int body = 0; body < 9; body++) {
                double declination = body < 3 ? tilt * (1 - body) : drift(body, year);
                add(declination, year, body);
            }
        }
        std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.azimuth < b.azimuth; });
    }

    // The events that happen within so many degrees of an azimuth.
    template <class Do>
    void near(double azimuth, double within, Do&& each) const {
        auto at = std::lower_bound(events_.begin(), events_.end(), azimuth - within,
                                   [](const Event& event, double wanted) { return event.azimuth < wanted; });
        for (; at != events_.end() && at->azimuth <= azimuth + within; ++at) each(*at);
    }

  private:
    static double drift(int star, int year) { return -35 + star * 11 + 9 * std::sin((year + star * 2100) / 4100.0); }

    // Where a body rises and sets above the hills: a guess for a flat horizon, which is then made better.
    void add(double declination, int year, int body) {
        double height = 0, latitude = radians(place_.latitude);
        for (int turn = 0; turn < 4; turn++) {
            double refraction = 0.57 / (1 + 0.6 * std::max(0.0, height));
            double seen = radians(height - refraction);
            double cosine = (std::sin(radians(declination)) - std::sin(latitude) * std::sin(seen)) /
                            (std::cos(latitude) * std::cos(seen));
            if (std::abs(cosine) > 1) return;
            double azimuth = degrees(std::acos(cosine));
            if (turn == 3) {
                events_.push_back({azimuth, year, body});
                events_.push_back({360 - azimuth, year, body});
            }
            height = place_.horizon[static_cast<size_t>(azimuth) % place_.horizon.size()];
        }
    }

    const Survey& place_;
    std::vector<Event> events_;
};

// Threads that live as long as the program, and take portions of a round.
class Crew {
  public:
    explicit Crew(int size) {
        for (int i = 0; i < size; i++) threads_.emplace_back([this] { work(); });
    }

    // Let the crew do `portion(i)` for each i below `number`; returns when all are done.
    void share(size_t number, std::function<void(size_t)> portion) {
        std::unique_lock<std::mutex> held(lock_);
        portion_ = std::move(portion);
        number_ = number;
        next_ = 0;
        busy_ = static_cast<int>(threads_.size());
        round_++;
        begin_.notify_all();
        done_.wait(held, [this] { return busy_ == 0; });
    }

  private:
    void work() {
        for (long known = 0;;) {
            {
                std::unique_lock<std::mutex> held(lock_);
                begin_.wait(held, [&] { return round_ != known; });
                known = round_;
            }
            for (size_t i; (i = next_.fetch_add(1)) < number_;) portion_(i);
            std::lock_guard<std::mutex> held(lock_);
            if (--busy_ == 0) done_.notify_one();
        }
    }

    std::mutex lock_;
    std::condition_variable begin_, done_;
    std::function<void(size_t)> portion_;
    size_t number_ = 0;
    std::atomic<size_t> next_{0};
    int busy_ = 0;
    long round_ = 0;
    std::vector<std::thread> threads_;
};

std::vector<std::pair<int, int>> pairs_of(const Survey& place) {
    std::vector<std::pair<int, int>> pairs;
    int stones = static_cast<int>(place.stones.size());
    pairs.reserve(static_cast<size_t>(stones) * (stones - 1));
    for (int a = 0; a < stones; a++) {
        for (int b = 0; b < stones; b++) {
            if (a != b) pairs.emplace_back(a, b);
        }
    }
    return pairs;
}

// The closest event of each body for a pair, weighed by how well the eye can tell it from there.
void look(const Survey& place, const Sky& sky, std::pair<int, int> pair, std::vector<Finding>& out) {
    const Stone &a = place.stones[pair.first], &b = place.stones[pair.second];
    double azimuth = degrees(std::atan2(b.east - a.east, b.north - a.north));
    if (azimuth < 0) azimuth += 360;
    double width = degrees(std::atan2(0.6, std::hypot(b.east - a.east, b.north - a.north)));
    Finding best{pair.first, pair.second, azimuth, 1e9, {}};
    double weight = 0, total = 0;
    sky.near(azimuth, std::min(width, 4.0), [&](const Event& event) {
        double off = std::abs(event.azimuth - azimuth);
        double fit = std::exp(-off * off / (width * width));
        total += fit;
        if (event.body < 3) weight += fit;
        if (off < best.off) {
            best.off = off;
            best.event = event;
        }
    });
    if (best.off < 0.05 && weight > 0.6 * total) out.push_back(best);
}

void write_down(const Survey& place, const std::vector<Finding>& findings) {
    std::string path = "alignments.txt", fresh = path + ".new";
    {
        std::ofstream out(fresh);
        out << place.name << ", " << findings.size() << " alignments\n";
        for (const auto& finding : findings) {
            out << finding.from << ' ' << finding.to << ' ' << finding.azimuth << ' ' << finding.off << ' '
                << finding.event.body << ' ' << finding.event.year << '\n';
        }
        if (!out.flush()) throw std::runtime_error("cannot write " + fresh);
    }
    int file = open(fresh.c_str(), O_RDONLY);
    if (file >= 0) {
        fsync(file);
        close(file);
    }
    if (std::rename(fresh.c_str(), path.c_str())) throw std::runtime_error("cannot rename " + fresh);
}

void round(Crew& crew, unsigned number) {
    Survey place = survey(number);
    Sky sky(place);
    auto pairs = pairs_of(place);
    std::vector<Finding> findings;
    std::mutex lock;
    crew.share((pairs.size() + kPortion - 1) / kPortion, [&](size_t portion) {
        std::vector<Finding> own;
        size_t end = std::min(pairs.size(), (portion + 1) * kPortion);
        for (size_t i = portion * kPortion; i < end; i++) look(place, sky, pairs[i], own);
        std::lock_guard<std::mutex> held(lock);
        findings.insert(findings.end(), own.begin(), own.end());
    });
    std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) { return a.off < b.off; });
    write_down(place, findings);
}

}  // namespace

int main() {
    Crew crew(2);
    unsigned number = 0;
    round(crew, number++);
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    auto due = std::chrono::steady_clock::now();
    for (;;) {
        try {
            round(crew, number++);
        } catch (const std::runtime_error& error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
        due += std::chrono::seconds(kRound);
        std::this_thread::sleep_until(due);
    }
}
