// expect: pattern=thread-churn bench
// Advises yak caravans which pass to take: four valleys ask for each caravan with its load and its day; every pass that
// leads there is judged by its snow, wind and grazing along the stages, and the easiest is told.
//
// Measured: 1200 caravans a second; CPU 43 % of a core, 1.2 ms each; in the twin 4 %, 0.03 ms each.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace yaks {

struct Caravan {
    unsigned number = 0;
    unsigned animals = 0;
    double load = 0;  // kg for each
    unsigned day = 0;
};

struct Stage {
    double height, slope, grazing, shelter;
};

struct Pass {
    std::string name;
    unsigned from;
    std::vector<Stage> stages;
};

struct Judgement {
    const Pass* pass = nullptr;
    double hardship = 0;
    double hours = 0;
};

// The weather of a day at a height: how deep the snow lies, and how hard the wind blows.
class Weather {
public:
    explicit Weather(unsigned day) : season_(std::cos(double(day % 365) / 58.1)) {}
    double snow(double height) const { return std::max(0.0, (height - 4300 + 900 * season_) / 700); }
    double wind(double height, double shelter) const { return (height / 1000 + 3 * season_) * (1 - shelter); }

private:
    double season_;
};

Judgement judge(const Pass& pass, const Caravan& caravan) {
    Weather weather(caravan.day);
    Judgement judgement{&pass, 0, 0};
    double strength = 100;
    for (const Stage& stage : pass.stages) {
        double snow = weather.snow(stage.height), wind = weather.wind(stage.height, stage.shelter);
        double effort = stage.slope * (1 + caravan.load / 90) + snow * 2.5 + std::max(0.0, wind - 4);
        double grazed = stage.grazing * 40 / std::sqrt(double(caravan.animals));
        strength = std::min(100.0, strength - effort + grazed / (1 + snow));
        judgement.hours += 0.4 + effort / 12;
        if (strength < 60) judgement.hardship += std::exp((60 - strength) / 40);
    }
    return judgement;
}

class Mountains {
public:
    explicit Mountains(uint32_t seed) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<double> any(0, 1);
        static const char* names[] = {"Khar", "Sumdo", "Laru", "Tholung", "Ngari", "Dzong", "Shar", "Phug"};
        for (unsigned valley = 0; valley < 4; ++valley)
            for (const char* name : names) {
                Pass pass{std::string(name) + " La " + std::to_string(valley + 1), valley, {}};
                for (unsigned stage = 0; stage < 160; ++stage)
                    pass.stages.push_back(
                        {3600 + 1900 * std::sin(stage / 51.0), any(random) * 2, any(random), any(random)});
                passes_.push_back(std::move(pass));
            }
    }
    std::vector<const Pass*> from(unsigned valley) const {
        std::vector<const Pass*> found;
        for (const Pass& pass : passes_)
            if (pass.from == valley) found.push_back(&pass);
        return found;
    }

private:
    std::vector<Pass> passes_;
};

class Adviser {
public:
    explicit Adviser(const Mountains& mountains) : mountains_(mountains) {}

    Judgement easiest(unsigned valley, const Caravan& caravan) const {
        std::vector<Judgement> judged = judge_all(mountains_.from(valley), caravan);
        if (judged.empty()) throw std::invalid_argument("no pass from there");
        return *std::min_element(judged.begin(), judged.end(), [](const Judgement& one, const Judgement& other) {
            return one.hardship + one.hours / 10 < other.hardship + other.hours / 10;
        });
    }

private:
    static std::vector<Judgement> judge_all(const std::vector<const Pass*>& passes, const Caravan& caravan) {
        std::vector<std::future<Judgement>> pending;
        pending.reserve(passes.size());
        for (const Pass* pass : passes)
            pending.push_back(std::async(std::launch::async, judge, std::cref(*pass), std::cref(caravan)));  // <- cost
        std::vector<Judgement> judged;
        judged.reserve(passes.size());
        for (std::future<Judgement>& one : pending) judged.push_back(one.get());
        return judged;
    }

    const Mountains& mountains_;
};

struct Tally {
    std::atomic<uint64_t> advised{0}, refused{0}, microseconds{0};
};

std::optional<Caravan> read_caravan(const std::string& text) {
    std::istringstream words(text);
    Caravan caravan;
    if (!(words >> caravan.number >> caravan.animals >> caravan.load >> caravan.day) || !caravan.animals) return {};
    return caravan;
}

class Valley {
public:
    Valley(int line, unsigned number, const Adviser& adviser, Tally& tally)
        : line_(line), number_(number), adviser_(adviser), tally_(tally) {}

    void serve() {
        std::string pending;
        char buffer[2048];
        ssize_t got;
        while ((got = recv(line_, buffer, sizeof buffer, 0)) > 0) {
            pending.append(buffer, size_t(got));
            for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
                std::string answer = advise(pending.substr(0, end));
                if (send(line_, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
            }
        }
    }

private:
    std::string advise(const std::string& text) {
        auto began = std::chrono::steady_clock::now();
        std::optional<Caravan> caravan = read_caravan(text);
        if (!caravan) {
            tally_.refused++;
            return "? a caravan is: number animals load day\n";
        }
        Judgement best = adviser_.easiest(number_, *caravan);
        char answer[128];
        std::snprintf(answer, sizeof answer, "%u %s, %.1f h, hardship %.2f\n", caravan->number,
                      best.pass->name.c_str(), best.hours, best.hardship);
        auto spent = std::chrono::steady_clock::now() - began;
        tally_.microseconds += uint64_t(std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
        tally_.advised++;
        return answer;
    }

    int line_;
    unsigned number_;
    const Adviser& adviser_;
    Tally& tally_;
};

sockaddr_in here(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(uint16_t(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// The caravans of a valley, in a process of their own.
void caravans(int port, unsigned a_second) {
    std::vector<std::thread> valleys;
    for (unsigned valley = 0; valley < 4; ++valley)
        valleys.emplace_back([port, valley, a_second] {
            int line = socket(AF_INET, SOCK_STREAM, 0);
            sockaddr_in address = here(port);
            if (connect(line, reinterpret_cast<sockaddr*>(&address), sizeof address)) std::exit(1);
            char answer[512];
            auto due = std::chrono::steady_clock::now();
            for (unsigned number = valley;; number += 4) {
                std::string text = std::to_string(number) + ' ' + std::to_string(8 + number % 60) + ' ' +
                                   std::to_string(30 + number % 50) + ' ' + std::to_string(number / 16 % 365) + '\n';
                if (send(line, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::exit(0);
                if (recv(line, answer, sizeof answer, 0) <= 0) std::exit(0);
                due += std::chrono::microseconds(1000000 / a_second);
                std::this_thread::sleep_until(due);
            }
        });
    for (std::thread& valley : valleys) valley.join();
}

void start_caravans(int port) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length < 0) throw std::system_error(errno, std::generic_category(), "readlink");
    std::string command = "'" + std::string(self, size_t(length)) + "' caravans " + std::to_string(port);
    if (std::system((command + " </dev/null >/dev/null 2>&1 &").c_str())) throw std::runtime_error("no caravans");
}

}  // namespace yaks

int main(int count, char** words) {
    using namespace yaks;
    if (count == 3 && words[1] == std::string("caravans")) caravans(std::atoi(words[2]), 300);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = here(0);
    socklen_t size = sizeof address;
    if (bind(door, reinterpret_cast<sockaddr*>(&address), size) || listen(door, 8) ||
        getsockname(door, reinterpret_cast<sockaddr*>(&address), &size))
        throw std::system_error(errno, std::generic_category(), "listen");
    Mountains mountains(8848);
    Adviser adviser(mountains);
    Tally tally;
    start_caravans(ntohs(address.sin_port));
    std::vector<std::thread> valleys;
    for (unsigned number = 0; number < 4; ++number) {
        int line = accept(door, nullptr, nullptr), on = 1;
        if (line < 0) throw std::system_error(errno, std::generic_category(), "accept");
        setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        valleys.emplace_back([&, line, number] { Valley(line, number, adviser, tally).serve(); });
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::printf("ready %d\n", int(getpid()));
    std::fflush(stdout);
    while (true) {
        std::this_thread::sleep_for(std::chrono::seconds(5));
        uint64_t advised = tally.advised.exchange(0), spent = tally.microseconds.exchange(0);
        std::fprintf(stderr, "%llu advised, %.0f us each\n", (unsigned long long)advised,
                     advised ? double(spent) / double(advised) : 0.0);
    }
}
