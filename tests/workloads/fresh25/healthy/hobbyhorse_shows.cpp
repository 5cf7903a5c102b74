// bench: healthy
// The scoring table of a hobby horse show: the judges' office lays down a file for each class once in 0.8 s; the table
// looks twice a second whether there is one, reads it, and has two workers find how sure each place is (by drawing the
// judges again, a few thousand times), in portions of draws. Then it writes the ranking, and removes the file.
//
// Measured: 6000 draws of 180 riders in each class; CPU 10 % of a core in bursts, 3.6 MiB.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

constexpr size_t kRiders = 180, kJudges = 9, kDraws = 6000, kPortion = 500;
constexpr auto kClass = std::chrono::milliseconds(800), kLook = std::chrono::milliseconds(500);

struct Rider {
    unsigned number = 0;
    std::array<float, kJudges> marks{};
};

struct Sure {
    std::vector<uint32_t> podium = std::vector<uint32_t>(kRiders);  // how often among the first three
    std::vector<uint64_t> ranks = std::vector<uint64_t>(kRiders);
};

// Two threads that wait for work.
class Workers {
public:
    explicit Workers(unsigned number) {
        for (unsigned at = 0; at < number; at++) threads_.emplace_back([this] { run(); });
    }

    // Does all of the jobs, and returns when they are done.
    void finish(std::deque<std::function<void()>> jobs) {
        std::unique_lock<std::mutex> held(mutex_);
        open_ = jobs.size();
        jobs_ = std::move(jobs);
        wanted_.notify_all();
        done_.wait(held, [this] { return open_ == 0; });
    }

private:
    void run() {
        std::unique_lock<std::mutex> held(mutex_);
        for (;;) {
            wanted_.wait(held, [this] { return !jobs_.empty(); });
            auto job = std::move(jobs_.front());
            jobs_.pop_front();
            held.unlock();
            job();
            held.lock();
            if (--open_ == 0) done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wanted_, done_;
    std::deque<std::function<void()>> jobs_;
    size_t open_ = 0;
    std::vector<std::thread> threads_;
};

// "rider;mark;…;mark", a line for each rider.
class Sheet {
public:
    const std::vector<Rider> &read(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        text_.assign(std::istreambuf_iterator<char>(file), {});
        riders_.clear();
        std::string_view left = text_;
        while (!left.empty()) {
            size_t end = std::min(left.find('\n'), left.size() - 1);
            riders_.push_back(parse(left.substr(0, end)));
            left.remove_prefix(end + 1);
        }
        return riders_;
    }

private:
    static Rider parse(std::string_view line) {
        Rider rider;
        const char *next = line.data(), *end = next + line.size();
        next = std::from_chars(next, end, rider.number).ptr;
        for (float &mark : rider.marks) {
            if (next == end || *next != ';') throw std::runtime_error("marks are missing: " + std::string(line));
            next = std::from_chars(next + 1, end, mark).ptr;
        }
        return rider;
    }

    std::string text_;
    std::vector<Rider> riders_;
};

class Table {
public:
    explicit Table(unsigned workers) : workers_(workers) {}

    void judge(const std::string &path) {
        const std::vector<Rider> &riders = sheet_.read(path);
        if (riders.empty() || riders.size() > kRiders) throw std::runtime_error(path + ": no class");
        total_ = Sure();
        std::deque<std::function<void()>> jobs;
        for (size_t at = 0; at < kDraws / kPortion; at++)
            jobs.emplace_back([this, &riders, seed = classes_ * 1000 + at] { draw(riders, seed); });
        workers_.finish(std::move(jobs));
        write(riders);
        classes_++;
    }

    size_t classes() const { return classes_; }

private:
    // A portion of draws; only its sum is added under the lock.
    void draw(const std::vector<Rider> &riders, size_t seed) {
        std::minstd_rand dice(static_cast<unsigned>(seed + 1));
        std::vector<float> marks(riders.size());
        std::vector<uint16_t> order(riders.size());
        Sure sum;
        for (size_t turn = 0; turn < kPortion; turn++) {
            std::array<unsigned, kJudges> judges;
            for (unsigned &judge : judges) judge = dice() % kJudges;
            for (size_t at = 0; at < riders.size(); at++) {
                std::array<float, kJudges> drawn;
                for (size_t judge = 0; judge < kJudges; judge++) drawn[judge] = riders[at].marks[judges[judge]];
                auto [low, high] = std::minmax_element(drawn.begin(), drawn.end());
                marks[at] = std::accumulate(drawn.begin(), drawn.end(), 0.0f) - *low - *high;
            }
            std::iota(order.begin(), order.end(), uint16_t{0});
            std::sort(order.begin(), order.end(), [&](uint16_t a, uint16_t b) { return marks[a] > marks[b]; });
            for (size_t rank = 0; rank < order.size(); rank++) {
                sum.ranks[order[rank]] += rank + 1;
                sum.podium[order[rank]] += rank < 3;
            }
        }
        std::lock_guard<std::mutex> held(mutex_);
        for (size_t at = 0; at < riders.size(); at++) {
            total_.ranks[at] += sum.ranks[at];
            total_.podium[at] += sum.podium[at];
        }
    }

    void write(const std::vector<Rider> &riders) const {
        std::vector<size_t> order(riders.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return total_.ranks[a] < total_.ranks[b]; });
        std::ofstream file("ranking.txt");
        file << "class " << classes_ << '\n';
        for (size_t at : order)
            file << "rider " << riders[at].number << ": mean place " << static_cast<double>(total_.ranks[at]) / kDraws
                 << ", podium in " << 100.0 * total_.podium[at] / kDraws << " % of the draws\n";
    }

    Workers workers_;
    Sheet sheet_;
    std::mutex mutex_;
    Sure total_;
    size_t classes_ = 0;
};

std::string path_of(size_t number) { return "class-" + std::to_string(number) + ".csv"; }

// The program as the judges' office; it stops when nobody takes the files.
int lay_down() {
    auto due = std::chrono::steady_clock::now();
    std::mt19937 dice(77);
    std::uniform_int_distribution<int> mark(40, 100);
    for (size_t number = 0;; number++) {
        std::ofstream file("class.new");
        for (size_t rider = 0; rider < kRiders; rider++) {
            file << 100 + rider;
            for (size_t judge = 0; judge < kJudges; judge++) file << ';' << mark(dice) / 10 << '.' << mark(dice) % 10;
            file << '\n';
        }
        file.close();
        std::rename("class.new", path_of(number).c_str());
        if (number > 20 && access(path_of(number - 20).c_str(), F_OK) == 0) return 0;
        due += kClass;
        std::this_thread::sleep_until(due);
    }
}

int main(int count, char **) {
    if (count > 1) return lay_down();
    char self[4096] = {};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 1;
    if (std::system(("'" + std::string(self) + "' office >/dev/null 2>&1 &").c_str()) != 0) return 1;
    Table table(2);
    for (bool told = false;;) {
        struct stat state;
        for (std::string path; stat((path = path_of(table.classes())).c_str(), &state) == 0;) {
            table.judge(path);
            std::remove(path.c_str());
        }
        if (!told && table.classes() > 1) {
            std::printf("ready %d\n", getpid());
            std::fflush(stdout);
            told = true;
        }
        std::this_thread::sleep_for(kLook);
    }
}
