// expect: healthy bench
// The dialling plan of a telephone exchange: two workers look numbers up and count their use, an operator changes some.
// The plan lies in many parts with a lock each, which are held for some hundred nanoseconds.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t parts = 64;
constexpr uint64_t numbers = 200000;

struct Line {
    uint32_t port = 0;
    uint32_t used = 0;
    bool barred = false;
};

class Plan {
public:
    Plan() {
        for (uint64_t number = 0; number < numbers; number++)
            part_of(number).lines.emplace(number, Line{static_cast<uint32_t>(number * 7919 % 65521)});
    }

    std::optional<uint32_t> dial(uint64_t number) {
        Part &part = part_of(number);
        const std::lock_guard<std::mutex> guard(part.lock);
        const auto found = part.lines.find(number);
        if (found == part.lines.end() || found->second.barred)
            return std::nullopt;
        found->second.used++;
        return found->second.port;
    }

    void move(uint64_t number, uint32_t port) {
        Part &part = part_of(number);
        const std::lock_guard<std::mutex> guard(part.lock);
        part.lines[number].port = port;
    }

    void bar(uint64_t number, bool barred) {
        Part &part = part_of(number);
        const std::lock_guard<std::mutex> guard(part.lock);
        if (const auto found = part.lines.find(number); found != part.lines.end())
            found->second.barred = barred;
    }

private:
    struct alignas(64) Part {
        std::mutex lock;
        std::unordered_map<uint64_t, Line> lines;
    };

    Part &part_of(uint64_t number) { return all_[(number * 0x9e3779b97f4a7c15ull) >> 58]; }

    std::array<Part, parts> all_;
};

struct alignas(64) Tally {
    std::atomic<uint64_t> calls{0}, refused{0};
};

class Worker {
public:
    Worker(Plan &plan, Tally &tally, unsigned seed) : plan_(plan), tally_(tally), random_(seed) {}

    [[noreturn]] void run() {
        for (;;) {
            for (int turn = 0; turn < 6000; turn++)
                call(random_() % (numbers + 500));
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

private:
    void call(uint64_t number) {
        const auto port = plan_.dial(number);
        (port ? tally_.calls : tally_.refused).fetch_add(1, std::memory_order_relaxed);
        if (port)
            load_[*port % load_.size()] = static_cast<uint16_t>(load_[*port % load_.size()] * 15 / 16 + 256);
    }

    Plan &plan_;
    Tally &tally_;
    std::mt19937_64 random_;
    std::array<uint16_t, 1024> load_{};
};

[[noreturn]] void operate(Plan &plan) {
    std::mt19937_64 random(5);
    for (;;) {
        const uint64_t number = random() % numbers;
        plan.move(number, static_cast<uint32_t>(random() % 65521));
        plan.bar(random() % numbers, random() % 2 == 0);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

} // namespace

int main() {
    static Plan plan;
    static std::array<Tally, 2> tallies;
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < tallies.size(); number++)
        threads.emplace_back([number] { Worker(plan, tallies[number], number + 1).run(); });
    threads.emplace_back([] { operate(plan); });
    std::ofstream log("plan.log");
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        uint64_t calls = 0, refused = 0;
        for (const Tally &tally : tallies)
            calls += tally.calls.load(), refused += tally.refused.load();
        log << calls << " calls, " << refused << " refused" << std::endl;
    }
}
