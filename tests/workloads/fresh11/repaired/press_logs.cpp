// expect: healthy bench
// The hub of a town's collection vehicles: the press of each vehicle tells its pressure and filling as it works. The
// telegrams go into the log of the vehicle's depot, and the vehicles that should drive to the tip are called in.
// Measured: a telegram takes 1.5 us; 9.1 us in the problem.
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kVehicles = 72;
constexpr int kTelegramsInATick = 432;
constexpr auto kTick = std::chrono::milliseconds(50);
constexpr std::array<const char*, 4> kDepots = {"harbour", "north", "mills", "airport"};

struct Telegram {
    int vehicle;
    int bar;      // of the press
    int filling;  // per mille of the body
    long second;
};

// A vehicle as the hub sees it.
struct Vehicle {
    int depot = 0;
    int filling = 0;
    double pressure = 0;  // smoothed
    int strokes = 0;
    bool called = false;

    void update(const Telegram& telegram) {
        filling = telegram.filling;
        pressure += (telegram.bar - pressure) * 0.2;
        strokes += telegram.bar > 140;
    }

    // Full, or the press works hard for little.
    bool should_tip() const { return filling > 920 || (filling > 700 && pressure > 165); }
};

// The presses of all vehicles, as the radio brings them.
class Radio {
public:
    Telegram next() {
        const int vehicle = next_++ % kVehicles;
        int& filling = filling_[vehicle];
        filling = filling > 960 ? 0 : filling + static_cast<int>(roll() % 3);
        const int bar = 60 + static_cast<int>(roll() % 80) + filling / 12;
        return {vehicle, bar, filling, static_cast<long>(next_ / 8640)};
    }

private:
    uint32_t roll() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }

    uint32_t state_ = 2463534242u;
    uint64_t next_ = 0;
    std::array<int, kVehicles> filling_{};
};

std::string line_of(const Telegram& telegram, const Vehicle& vehicle) {
    char line[128];
    const int length = snprintf(line, sizeof line, "%ld;vehicle %d;%d bar;%d.%d %%;%.1f;%d strokes\n", telegram.second,
                                telegram.vehicle, telegram.bar, telegram.filling / 10, telegram.filling % 10,
                                vehicle.pressure, vehicle.strokes);
    return std::string(line, static_cast<size_t>(length));
}

// One log for each depot, which stays open.
class DepotLogs {
public:
    explicit DepotLogs(const std::string& folder) {
        for (const char* depot : kDepots) {
            logs_.emplace_back(folder + "/" + depot + ".log", std::ios::app);
        }
    }

    void add(int depot, const std::string& line) {
        logs_[depot] << line;
    }

    // Let others see what was added.
    void flush() {
        for (std::ofstream& log : logs_) {
            log.flush();
        }
    }

private:
    std::vector<std::ofstream> logs_;
};

class Hub {
public:
    explicit Hub(const std::string& folder) : logs_(folder), vehicles_(kVehicles) {
        for (int number = 0; number < kVehicles; number++) {
            vehicles_[number].depot = number % static_cast<int>(kDepots.size());
        }
    }

    void take(const Telegram& telegram) {
        Vehicle& vehicle = vehicles_[telegram.vehicle];
        vehicle.update(telegram);
        logs_.add(vehicle.depot, line_of(telegram, vehicle));
        if (vehicle.should_tip() != vehicle.called) {
            vehicle.called = !vehicle.called;
            calls_ += vehicle.called;
        }
        telegrams_++;
    }

    void end_of_tick() { logs_.flush(); }

    long telegrams() const { return telegrams_; }
    long calls() const { return calls_; }

private:
    DepotLogs logs_;
    std::vector<Vehicle> vehicles_;
    long telegrams_ = 0;
    long calls_ = 0;
};

void tell(const std::string& path, const Hub& hub, Clock::duration spent) {
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count();
    std::ofstream state(path);
    state << hub.telegrams() << " telegrams, " << nanos / hub.telegrams() << " ns each, " << hub.calls() << " calls\n";
}

}  // namespace

int main() {
    const char* base = getenv("TMPDIR");
    std::string folder = std::string(base ? base : "/tmp") + "/press-XXXXXX";
    if (!mkdtemp(folder.data())) {
        perror("no folder for the logs");
        return 1;
    }
    Radio radio;
    Hub hub(folder);
    std::cout << "ready " << getpid() << std::endl;
    auto due = Clock::now();
    auto told = due;
    Clock::duration spent{};
    for (;;) {
        const auto began = Clock::now();
        for (int each = 0; each < kTelegramsInATick; each++) {
            hub.take(radio.next());
        }
        hub.end_of_tick();
        spent += Clock::now() - began;
        due += kTick;
        if (due - told > std::chrono::seconds(3)) {
            told = due;
            tell(folder + "/state.txt", hub, spent);
        }
        std::this_thread::sleep_until(due);
    }
}
