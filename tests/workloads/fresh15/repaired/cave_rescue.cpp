// expect: healthy bench
// Guides cave rescue parties: a survey of a cave as voxels, parties that report where they are, and for each
// report the way through open passages to the nearest telephone; the desk keeps the last way of each party.
//
// Measured: 22 ways a second, 650 voxels looked at for each; CPU 0.52 cores (0.40 of them in the kernel), in the
// twin less than 0.01.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr int kWide = 400, kDeep = 400, kHigh = 60, kParties = 12;
constexpr auto kPeriod = std::chrono::milliseconds(45);
using Voxel = std::uint32_t;

constexpr Voxel voxel(int x, int y, int z) { return (static_cast<Voxel>(z) * kDeep + y) * kWide + x; }
constexpr std::size_t kVoxels = std::size_t{kWide} * kDeep * kHigh;
constexpr std::array<int, 6> kSteps = {1, -1, kWide, -kWide, kWide * kDeep, -kWide * kDeep};

enum class Ground : std::uint8_t { rock, passage, telephone };

class Cave {
public:
    explicit Cave(unsigned seed) : ground_(kVoxels, Ground::rock) {
        std::mt19937 random(seed);
        for (int gallery = 0; gallery < 14; ++gallery) dig(random);
        for (std::size_t i = 250; i < open_.size(); i += 900) ground_[open_[i]] = Ground::telephone;
    }

    Ground at(Voxel v) const { return ground_[v]; }
    const std::vector<Voxel>& open() const { return open_; }

private:
    // A gallery wanders on from a place already open; it is three voxels wide, and never touches the hull.
    void dig(std::mt19937& random) {
        int x = kWide / 2, y = kDeep / 2, z = kHigh / 2;
        if (!open_.empty()) {
            Voxel from = open_[random() % open_.size()];
            x = from % kWide, y = from / kWide % kDeep, z = from / (kWide * kDeep);
        }
        int dx = static_cast<int>(random() % 3) - 1, dy = dx == 0 ? 1 : static_cast<int>(random() % 3) - 1;
        for (int length = 0; length < 600; ++length) {
            if (random() % 12 == 0) dx = static_cast<int>(random() % 3) - 1, dy = static_cast<int>(random() % 3) - 1;
            x = std::min(std::max(x + dx, 3), kWide - 4);
            y = std::min(std::max(y + dy, 3), kDeep - 4);
            if (random() % 5 == 0) z = std::min(std::max(z + static_cast<int>(random() % 3) - 1, 3), kHigh - 4);
            for (int i = -1; i <= 1; ++i)
                for (int j = -1; j <= 1; ++j)
                    for (int k = -1; k <= 1; ++k) clear(voxel(x + i, y + j, z + k));
        }
    }

    void clear(Voxel v) {
        if (ground_[v] != Ground::rock) return;
        ground_[v] = Ground::passage;
        open_.push_back(v);
    }

    std::vector<Ground> ground_;
    std::vector<Voxel> open_;
};

struct Report {
    int party;
    Voxel place;
};

struct Way {
    std::vector<Voxel> voxels;
    std::size_t looked_at = 0;
};

// One search through the cave, ring by ring.
class Search {
public:
    explicit Search(const Cave& cave) : cave_(cave), came_from_(kVoxels) {}

    void to_telephone(Voxel start, Way& way) {
        for (Voxel v : reached_) came_from_[v] = 0;
        reached_.clear();
        reach(start, start);
        way.voxels.clear();
        for (std::size_t next = 0; next < reached_.size(); ++next) {
            Voxel here = reached_[next];
            if (cave_.at(here) == Ground::telephone) {
                trace(start, here, way);
                break;
            }
            for (int step : kSteps) {
                Voxel there = here + step;
                if (cave_.at(there) != Ground::rock && came_from_[there] == 0) reach(there, here);
            }
        }
        way.looked_at = reached_.size();
    }

private:
    void reach(Voxel v, Voxel from) {
        came_from_[v] = from;
        reached_.push_back(v);
    }

    void trace(Voxel start, Voxel end, Way& way) {
        for (; end != start; end = came_from_[end]) way.voxels.push_back(end);
        way.voxels.push_back(start);
    }

    const Cave& cave_;
    std::vector<Voxel> came_from_;  // 0: not reached (the corner of the survey is rock)
    std::vector<Voxel> reached_;
};

class Desk {
public:
    explicit Desk(const Cave& cave) : cave_(cave) {}

    void tell(Report report) {
        {
            std::lock_guard<std::mutex> hold(lock_);
            waiting_.push_back(report);
        }
        told_.notify_one();
    }

    void work() {
        Way way;
        Search search(cave_);
        for (;;) {
            Report report = next();
            guide(search, report, way);
            std::lock_guard<std::mutex> hold(lock_);
            std::swap(ways_[report.party], way);
        }
    }

    std::atomic<long> answered{0}, steps{0}, looked_at{0};

private:
    Report next() {
        std::unique_lock<std::mutex> hold(lock_);
        told_.wait(hold, [this] { return !waiting_.empty(); });
        Report report = waiting_.front();
        waiting_.pop_front();
        return report;
    }

    void guide(Search& search, const Report& report, Way& way) {
        search.to_telephone(report.place, way);
        answered += 1;
        steps += static_cast<long>(way.voxels.size());
        looked_at += static_cast<long>(way.looked_at);
    }

    const Cave& cave_;
    std::mutex lock_;
    std::condition_variable told_;
    std::deque<Report> waiting_;
    std::array<Way, kParties> ways_;
};

// The load: the parties report in turn.
void parties(const Cave& cave, Desk& desk) {
    std::mt19937 random(11);
    auto next = std::chrono::steady_clock::now();
    for (int party = 0;; party = (party + 1) % kParties) {
        next += kPeriod;
        std::this_thread::sleep_until(next);
        desk.tell({party, cave.open()[random() % cave.open().size()]});
    }
}

}  // namespace

int main() {
    static const Cave cave(5);
    static Desk desk(cave);
    std::thread(&Desk::work, &desk).detach();
    std::thread([] { parties(cave, desk); }).detach();
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        long answered = desk.answered.exchange(0), each = answered ? answered : 1;
        std::fprintf(stderr, "%ld ways, %ld steps and %ld voxels looked at each\n", answered,
                     desk.steps.exchange(0) / each, desk.looked_at.exchange(0) / each);
    }
}
