// bench: repaired twin of hatchery_trays
// Plays a season of a trout hatchery at many times the real speed: thousands of trays of eggs, each with its next
// chore (rinse, pick, treat, count) in a calendar from which the chores are taken in order of time.
// 12,000 chores a second take 1 % of a core.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

enum class Chore : uint8_t { rinse, pick, treat, count };

struct Due {
    double hour;
    uint32_t order;
    uint32_t tray;
    Chore chore;
};

inline bool later(const Due &a, const Due &b) {
    return a.hour != b.hour ? a.hour > b.hour : a.order > b.order;
}

/** What is to be done in the hatchery, in order of time. */
class Calendar {
public:
    void reserve(size_t chores) { pending_.reserve(chores); }

    void put(double hour, uint32_t tray, Chore chore) {
        pending_.push_back(Due{hour, order_++, tray, chore});
        std::push_heap(pending_.begin(), pending_.end(), later);
    }

    /** The first chore not later than an hour. */
    bool take(double until, Due &next) {
        if (pending_.empty() || pending_.front().hour > until)
            return false;
        std::pop_heap(pending_.begin(), pending_.end(), later);
        next = pending_.back();
        pending_.pop_back();
        return true;
    }

    size_t size() const { return pending_.size(); }

private:
    std::vector<Due> pending_;
    uint32_t order_ = 0;
};

struct Tray {
    double laid;
    uint32_t eggs;
    uint32_t picked = 0;
    float fungus = 0.01f;
    float degree_days = 0;
    uint32_t rack;
};

struct Rack {
    uint64_t chores = 0;
    uint64_t lost = 0;
    uint64_t hatched = 0;
};

class Hatchery {
public:
    Hatchery(uint32_t trays, uint32_t racks) : racks_(racks), random_(20240229) {
        std::uniform_real_distribution<double> first(0.0, 0.6);
        trays_.reserve(trays);
        calendar_.reserve(trays + 16);
        for (uint32_t i = 0; i < trays; i++) {
            trays_.push_back(lay(0.0, i % racks));
            calendar_.put(first(random_), i, Chore::rinse);
        }
    }

    /** Does all chores until an hour of the season; how many they were. */
    size_t advance(double until) {
        size_t done = 0;
        Due due;
        while (calendar_.take(until, due)) {
            attend(due);
            done++;
        }
        return done;
    }

    size_t pending() const { return calendar_.size(); }
    const std::vector<Rack> &racks() const { return racks_; }

private:
    Tray lay(double hour, uint32_t rack) {
        Tray tray{};
        tray.laid = hour;
        tray.eggs = 2500 + random_() % 1500;
        tray.fungus = 0.01f;
        tray.rack = rack;
        return tray;
    }

    double water_temperature(double hour) const {
        return 7.5 + 2.0 * std::sin(hour * 2 * M_PI / 24) + 1.5 * std::sin(hour * 2 * M_PI / 4300);
    }

    void attend(const Due &due) {
        Tray &tray = trays_[due.tray];
        Rack &rack = racks_[tray.rack];
        rack.chores++;
        double pause = 0.3 + (random_() % 1000) / 2500.0;
        tray.degree_days += static_cast<float>(water_temperature(due.hour) * pause / 24);
        tray.fungus *= 1.0f + 0.04f * static_cast<float>(pause);
        Chore then = Chore::rinse;
        switch (due.chore) {
        case Chore::rinse:
            tray.fungus *= 0.97f;
            then = tray.fungus > 0.05f ? Chore::treat : Chore::pick;
            break;
        case Chore::pick: {
            uint32_t dead = static_cast<uint32_t>(tray.eggs * tray.fungus / 50);
            tray.eggs -= std::min(dead, tray.eggs);
            tray.picked += dead;
            rack.lost += dead;
            then = tray.degree_days > 2.0f ? Chore::count : Chore::rinse;
            break;
        }
        case Chore::treat:
            tray.fungus *= 0.4f;
            then = Chore::pick;
            break;
        case Chore::count:
            rack.hatched += tray.eggs;
            tray = lay(due.hour, tray.rack);
            break;
        }
        calendar_.put(due.hour + pause, due.tray, then);
    }

    std::vector<Tray> trays_;
    std::vector<Rack> racks_;
    Calendar calendar_;
    std::mt19937 random_;
};

int main() {
    using clock = std::chrono::steady_clock;
    Hatchery hatchery(6000, 48);
    const double hours_per_second = 1.0;
    const auto tick = std::chrono::milliseconds(10);
    auto start = clock::now();
    auto wake = start;
    bool said = false;
    uint64_t done = 0;
    while (true) {
        double hour = std::chrono::duration<double>(clock::now() - start).count() * hours_per_second;
        done += hatchery.advance(hour);
        if (!said && done > 1000) {
            std::printf("ready\n");
            std::fflush(stdout);
            said = true;
        }
        wake = std::max(wake + tick, clock::now());
        std::this_thread::sleep_until(wake);
    }
}
