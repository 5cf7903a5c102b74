// expect: healthy bench
// Runs the calls of eight cable ferries: whoever stands at a landing presses a button, which reaches the control room
// as a datagram; each ferry has a lane of its own, which plans the crossing (how the current bends the cable and which
// pull the winch needs), and sends the landing the time at which the ferry will be there.
//
// Measured: 240 calls a second; CPU 34 % of a core, in the twin 0.9 %.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;
constexpr unsigned kFerries = 8, kCalls = 30;  // calls of each ferry a second

struct Call {
    unsigned ferry = 0, landing = 0, waiting = 0;
    double current = 0;
    sockaddr_in caller{};
    Clock::time_point came{};
};

// The calls that a lane has yet to plan.
class Inbox {
public:
    void put(const Call &call) {
        {
            std::lock_guard<std::mutex> held(mutex_);
            calls_.push_back(call);
        }
        came_.notify_one();
    }

    Call take() {
        std::unique_lock<std::mutex> held(mutex_);
        came_.wait(held, [this] { return !calls_.empty(); });
        Call call = calls_.front();
        calls_.pop_front();
        return call;
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<Call> calls_;
};

// A cable across a river, as links that the current pushes downstream.
class Cable {
public:
    explicit Cable(double width) : step_(width / kLinks), sag_(kLinks + 1) {}

    // The pull at the winch in kilonewtons, and the farthest that the cable bends, in metres.
    std::pair<double, double> pull(double current, double load) {
        double tension = 20 + load, bend = 0;
        for (int round = 0; round < 12; round++) {
            double slope = 0.5 * current * current * kLinks / tension;
            bend = 0;
            for (int link = 1; link <= kLinks; link++) {
                double share = static_cast<double>(link) / kLinks;
                sag_[link] = sag_[link - 1] + slope * (1 - 2 * share) * step_ / kLinks;
                bend = std::max(bend, sag_[link]);
            }
            tension = 0.5 * (tension + 20 + load * (1 + bend / 40) + current * 3);
        }
        return {tension, bend};
    }

private:
    static constexpr int kLinks = 60;
    double step_;
    std::vector<double> sag_;
};

class Lane {
public:
    Lane(unsigned ferry, int port) : ferry_(ferry), port_(port), cable_(90 + 12.0 * ferry) {}

    void post(const Call &call) { inbox_.put(call); }
    void start() {
        thread_ = std::thread([this] { run(); });
    }

    std::string report() const {
        char text[96];
        unsigned long planned = planned_;
        double each = planned ? static_cast<double>(spent_) / static_cast<double>(planned) / 1000 : 0;
        std::snprintf(text, sizeof text, "ferry %u: %lu crossings, %.0f us to answer\n", ferry_, planned, each);
        return text;
    }

private:
    void run() {
        for (;;) plan(inbox_.take());
    }

    void plan(const Call &call) {
        auto [pull, bend] = cable_.pull(call.current, 0.4 * call.waiting);
        double seconds = (90 + 12.0 * ferry_ + 2 * bend) / std::max(0.3, 1.6 - pull / 90);
        bool away = side_ != call.landing;
        if (away) seconds *= 2;
        side_ = 1 - call.landing;
        char answer[64];
        int size = std::snprintf(answer, sizeof answer, "%u %u %.0f %.1f\n", call.ferry, call.landing, seconds, pull);
        auto caller = reinterpret_cast<const sockaddr *>(&call.caller);
        if (sendto(port_, answer, static_cast<size_t>(size), 0, caller, sizeof call.caller) < 0) failed_++;
        planned_++;
        spent_ += static_cast<unsigned long>((Clock::now() - call.came).count());
    }

    unsigned ferry_, side_ = 0;
    int port_;
    Cable cable_;
    Inbox inbox_;
    std::thread thread_;
    std::atomic<unsigned long> planned_{0}, spent_{0}, failed_{0};
};

class ControlRoom {
public:
    explicit ControlRoom(int port) : port_(port) {
        for (unsigned ferry = 0; ferry < kFerries; ferry++) lanes_.push_back(std::make_unique<Lane>(ferry, port));
        for (auto &lane : lanes_) lane->start();
    }

    // Waits for a call, and gives it to its lane.
    bool hear() {
        char text[128];
        Call call;
        socklen_t size = sizeof call.caller;
        ssize_t got = recvfrom(port_, text, sizeof text - 1, 0, reinterpret_cast<sockaddr *>(&call.caller), &size);
        if (got < 0) return false;
        text[got] = 0;
        call.came = Clock::now();
        if (std::sscanf(text, "%u %u %u %lf", &call.ferry, &call.landing, &call.waiting, &call.current) != 4 ||
            call.ferry >= lanes_.size() || call.landing > 1) {
            refused_++;
            return false;
        }
        lanes_[call.ferry]->post(call);
        return true;
    }

    void write(const char *path) const {
        std::ofstream file(path);
        for (const auto &lane : lanes_) file << lane->report();
        file << refused_ << " refused\n";
    }

private:
    int port_;
    unsigned long refused_ = 0;
    std::vector<std::unique_ptr<Lane>> lanes_;
};

int open_port(sockaddr_in &address) {
    int port = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof address;
    address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (port < 0 || bind(port, reinterpret_cast<sockaddr *>(&address), size) ||
        getsockname(port, reinterpret_cast<sockaddr *>(&address), &size)) {
        std::perror("port");
        std::exit(1);
    }
    return port;
}

// The program as the landings: a call at each of its times.
int press(const char *room) {
    sockaddr_in address{};
    int port = open_port(address);
    timeval patience{2, 0};
    setsockopt(port, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    address.sin_port = static_cast<in_port_t>(std::atoi(room));
    auto due = Clock::now();
    for (unsigned turn = 0, silent = 0; silent < 5; turn++) {
        char text[80];
        int size = std::snprintf(text, sizeof text, "%u %u %u %.2f", turn * 5 % (kFerries * 8 + 1) % (kFerries + 1),
                                 turn / 3 % 2, turn % 9, 0.5 + turn % 23 * 0.1);
        sendto(port, text, static_cast<size_t>(size), 0, reinterpret_cast<sockaddr *>(&address), sizeof address);
        if (turn % 9 == 0) silent = recv(port, text, sizeof text, 0) <= 0 ? silent + 1 : 0;
        while (recv(port, text, sizeof text, MSG_DONTWAIT) > 0) continue;
        due += std::chrono::microseconds(1000000 / kFerries / kCalls);
        std::this_thread::sleep_until(due);
    }
    return 0;
}

int main(int count, char **words) {
    if (count > 1) return press(words[1]);
    sockaddr_in address{};
    ControlRoom room(open_port(address));
    char self[4096] = {};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 1;
    std::string start = "'" + std::string(self) + "' " + std::to_string(address.sin_port) + " >/dev/null 2>&1 &";
    if (std::system(start.c_str()) != 0) return 1;
    for (unsigned long heard = 1;; heard++) {
        room.hear();
        if (heard == kFerries * kCalls) {
            std::printf("ready %d\n", getpid());
            std::fflush(stdout);
        }
        if (heard % (kFerries * kCalls * 2) == 0) room.write("ferries.txt");
    }
}
