// expect: healthy bench
// Plans the carving of ice sculptures: designers drop drawings (NAME.cut) into a folder, a dozen or so a second in the
// season; each is read, its cuts are brought into an order that keeps the chainsaw arm from wandering and the block from
// breaking, and the plan goes to the next saw. Drawings that are not paid for yet lie in the same folder (NAME.held).
//
// Measured: CPU 31 % of a core, in the twin 0.6 %; both plan 14 drawings a second.
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kSaws = 6;
constexpr int kHeld = 480;
constexpr double kPerSecond = 14;

struct Cut {
    double x, y, z;
    double depth;
    int tool;
};

struct Drawing {
    std::string figure;
    double wide = 0, high = 0;
    std::vector<Cut> cuts;
};

struct Plan {
    std::vector<size_t> order;
    double way = 0;
    double minutes = 0;
    int changes = 0;
};

Drawing read_drawing(const fs::path& path) {
    std::ifstream in(path);
    if (!in) throw std::runtime_error("cannot open " + path.string());
    Drawing drawing;
    std::string line, word;
    while (std::getline(in, line)) {
        std::istringstream words(line);
        words >> word;
        if (word == "figure") {
            words >> drawing.figure;
        } else if (word == "block") {
            words >> drawing.wide >> drawing.high;
        } else if (word == "cut") {
            Cut cut{};
            words >> cut.x >> cut.y >> cut.z >> cut.depth >> cut.tool;
            if (!words) throw std::runtime_error(path.string() + ": " + line);
            drawing.cuts.push_back(cut);
        }
    }
    if (drawing.cuts.empty()) throw std::runtime_error(path.string() + ": nothing to cut");
    return drawing;
}

double distance(const Cut& a, const Cut& b) { return std::hypot(a.x - b.x, a.y - b.y, a.z - b.z); }

// From the top down in layers of ten centimetres, in each to the nearest cut that is left.
Plan plan_of(const Drawing& drawing) {
    Plan plan;
    size_t n = drawing.cuts.size();
    std::vector<bool> done(n);
    Cut at{drawing.wide / 2, 0, drawing.high, 0, 0};
    for (size_t step = 0; step < n; step++) {
        size_t best = n;
        double least = 1e18;
        for (size_t i = 0; i < n; i++) {
            if (done[i]) continue;
            double layers = std::floor((drawing.high - drawing.cuts[i].z) / 10);
            double cost = layers * 1000 + distance(at, drawing.cuts[i]) + (drawing.cuts[i].tool != at.tool ? 40 : 0);
            if (cost < least) least = cost, best = i;
        }
        const Cut& cut = drawing.cuts[best];
        done[best] = true;
        plan.order.push_back(best);
        plan.way += distance(at, cut);
        plan.changes += cut.tool != at.tool;
        plan.minutes += cut.depth * 0.04;
        at = cut;
    }
    plan.minutes += plan.way / 900 + plan.changes * 1.5;
    return plan;
}

void write_plan(const fs::path& path, const Drawing& drawing, const Plan& plan) {
    std::ofstream out(path);
    out << "figure " << drawing.figure << "\nminutes " << plan.minutes << "\nchanges " << plan.changes << '\n';
    for (size_t i : plan.order) {
        const Cut& cut = drawing.cuts[i];
        out << "saw " << cut.x << ' ' << cut.y << ' ' << cut.z << " depth " << cut.depth << " tool " << cut.tool << '\n';
    }
    if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

class Studio {
  public:
    Studio(fs::path inbox, fs::path saws) : inbox_(std::move(inbox)), saws_(std::move(saws)) {}

    // The drawings that are to be planned, oldest name first.
    std::vector<fs::path> due() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(inbox_)) {
            if (entry.path().extension() == ".cut" && entry.is_regular_file()) found.push_back(entry.path());
        }
        std::sort(found.begin(), found.end());
        return found;
    }

    void plan(const fs::path& path) {
        try {
            Drawing drawing = read_drawing(path);
            Plan plan = plan_of(drawing);
            write_plan(saws_ / ("saw-" + std::to_string(planned_ % kSaws) + ".plan"), drawing, plan);
            planned_++;
            minutes_ += plan.minutes;
        } catch (const std::exception& e) {
            std::fprintf(stderr, "refused: %s\n", e.what());
            refused_++;
        }
        std::error_code gone;
        fs::remove(path, gone);
    }

    void tell() {
        std::fprintf(stderr, "%ld planned, %ld refused, %.1f minutes each\n", planned_, refused_,
                     planned_ ? minutes_ / planned_ : 0.0);
    }

    void run() {
        auto told = Clock::now();
        int watch = inotify_init1(IN_CLOEXEC);
        if (watch < 0 || inotify_add_watch(watch, inbox_.c_str(), IN_MOVED_TO) < 0)
            throw std::runtime_error("cannot watch " + inbox_.string());
        for (const fs::path& path : due()) plan(path);
        for (;;) {
            for (const fs::path& path : arrivals(watch)) plan(path);
            if (Clock::now() - told > 10s) {
                tell();
                told = Clock::now();
            }
        }
    }

  private:
    // Waits for drawings; none if nothing came for some seconds, all if the kernel could not keep up with telling.
    std::vector<fs::path> arrivals(int watch) const {
        pollfd asked{watch, POLLIN, 0};
        if (poll(&asked, 1, 5000) <= 0) return {};
        alignas(inotify_event) char told[16384];
        ssize_t size = read(watch, told, sizeof told);
        std::vector<fs::path> found;
        for (ssize_t at = 0; at < size;) {
            auto* event = reinterpret_cast<const inotify_event*>(told + at);
            if (event->mask & IN_Q_OVERFLOW) return due();
            fs::path path = inbox_ / event->name;
            if (path.extension() == ".cut" && fs::exists(path)) found.push_back(path);
            at += sizeof *event + event->len;
        }
        return found;
    }

    fs::path inbox_, saws_;
    long planned_ = 0, refused_ = 0;
    double minutes_ = 0;
};

void draw(const fs::path& path, std::mt19937& chance, int cuts) {
    static const char* figures[] = {"swan", "vase", "dolphin", "angel", "eagle", "luge"};
    std::uniform_real_distribution<double> along(0, 1);
    std::ofstream out(path);
    out << "figure " << figures[chance() % 6] << "\nblock 100 50\n";
    for (int i = 0; i < cuts; i++)
        out << "cut " << along(chance) * 100 << ' ' << along(chance) * 25 << ' ' << along(chance) * 50 << ' '
            << 1 + along(chance) * 8 << ' ' << chance() % 3 << '\n';
}

// The designers, in a process of their own: a drawing is put into the folder when it is complete.
int designers(const fs::path& inbox) {
    std::mt19937 chance(11);
    auto due = Clock::now();
    for (long number = 0;; number++) {
        due += std::chrono::microseconds(long(1e6 / kPerSecond * (0.5 + chance() % 1000 / 1000.0)));
        std::this_thread::sleep_until(due);
        if (!fs::exists(inbox)) return 1;
        fs::path name = inbox / ("order-" + std::to_string(100000 + number % 800000));
        draw(name, chance, 40 + chance() % 40);
        std::error_code failed;
        fs::rename(name, name.string() + ".cut", failed);
    }
}

void start_designers(const fs::path& inbox) {
    std::string command = "'" + fs::read_symlink("/proc/self/exe").string() + "' designers '" +
                          fs::absolute(inbox).string() + "' >/dev/null 2>&1 &";
    if (std::system(command.c_str())) throw std::runtime_error("cannot start the designers");
}

int main(int argc, char** argv) {
    if (argc == 3 && !std::strcmp(argv[1], "designers")) return designers(argv[2]);
    try {
        fs::create_directories("drawings");
        fs::create_directories("saws");
        std::mt19937 chance(5);
        for (int i = 0; i < kHeld; i++) draw("drawings/unpaid-" + std::to_string(1000 + i) + ".held", chance, 30);
        start_designers("drawings");
        Studio studio("drawings", "saws");
        std::this_thread::sleep_for(1s);
        std::printf("ready %d\n", getpid());
        std::fflush(stdout);
        studio.run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
