// expect: healthy bench
// Reads rune stones: eight desks get rubbings of stones, have the museum (a process of its own) tell how weathered
// the stone is by now, transliterate the runes and revise what the register knows about the stone. 160 rubbings a
// second.
//
// Measured: 800 rubbings in 5 s with either; a rubbing takes 13.2 ms, in the twin 5.5 ms; CPU under 0.1 s in 6 s.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

using Clock = std::chrono::steady_clock;
constexpr int kStones = 2800, kDesks = 8;

struct Stone {
    std::string signum;
    std::string reading;
    int weathering = 0;
    unsigned rubbings = 0;
};

// The museum: answers each line with how weathered a stone is, after looking it up for four milliseconds.
class Museum {
public:
    static int open() {
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        if (bind(listener, reinterpret_cast<sockaddr *>(&here), sizeof here) || listen(listener, 32) ||
            getsockname(listener, reinterpret_cast<sockaddr *>(&here), &size))
            throw std::runtime_error("museum");
        pid_t parent = getpid();
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent) _exit(0);
            for (;;) {
                int line = accept(listener, nullptr, nullptr);
                if (line >= 0) std::thread(answer, line).detach();
            }
        }
        close(listener);
        return ntohs(here.sin_port);
    }

private:
    static void answer(int line) {
        int on = 1;
        setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        char asked[16];
        while (recv(line, asked, sizeof asked, MSG_WAITALL) == sizeof asked) {
            std::this_thread::sleep_for(std::chrono::milliseconds(4));
            unsigned hash = 5381;
            for (char c : asked) hash = hash * 33 + static_cast<unsigned char>(c);
            int weathering = static_cast<int>(hash % 100);
            if (send(line, &weathering, sizeof weathering, MSG_NOSIGNAL) != sizeof weathering) break;
        }
        close(line);
    }
};

// A desk's own line to the museum, held open.
class MuseumLine {
public:
    explicit MuseumLine(int port) : line_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        there.sin_port = htons(static_cast<uint16_t>(port));
        int on = 1;
        setsockopt(line_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(line_, reinterpret_cast<sockaddr *>(&there), sizeof there)) throw std::runtime_error("no museum");
    }
    ~MuseumLine() { close(line_); }
    MuseumLine(const MuseumLine &) = delete;

    int weathering(const std::string &signum) {
        char asked[16] = {};
        std::memcpy(asked, signum.data(), std::min(signum.size(), sizeof asked));
        int told = 0;
        if (send(line_, asked, sizeof asked, MSG_NOSIGNAL) != sizeof asked ||
            recv(line_, &told, sizeof told, MSG_WAITALL) != sizeof told)
            throw std::runtime_error("museum hung up");
        return told;
    }

private:
    int line_;
};

// The stones by their signum; whoever revises one does it inside of revise().
class Register {
public:
    Register() {
        for (int i = 0; i < kStones; i++) {
            std::string signum = "U " + std::to_string(100 + i);
            stones_[signum] = Stone{signum, "", 0, 0};
        }
    }

    void revise(const std::string &signum, const std::function<void(Stone &)> &change) {
        std::lock_guard<std::mutex> held(lock_);
        auto found = stones_.find(signum);
        if (found != stones_.end()) change(found->second);
    }

private:
    std::mutex lock_;
    std::unordered_map<std::string, Stone> stones_;
};

const std::array<const char *, 16> kFuthark = {
    "f", "u", "th", "a", "r", "k", "h", "n", "i", "s", "t", "b", "m", "l", "R", "o"};

std::string transliterate(const std::vector<uint8_t> &runes, int weathering) {
    std::string text;
    text.reserve(runes.size() * 2);
    for (size_t i = 0; i < runes.size(); i++) {
        bool lost = static_cast<int>((runes[i] * 37 + i * 11) % 100) < weathering / 3;
        text += lost ? "-" : kFuthark[runes[i] & 15];
        if (runes[i] >> 4 == 7) text += " : ";
    }
    return text;
}

struct Rubbing {
    std::string signum;
    std::vector<uint8_t> runes;
};

class Desk {
public:
    Desk(Register &stones, int port, unsigned seed, std::atomic<unsigned long> &read)
        : stones_(stones), museum_(port), dice_(seed), read_(read) {}

    void work() {
        auto due = Clock::now() + std::chrono::milliseconds(dice_() % 50);
        for (;; due += std::chrono::milliseconds(50)) {
            std::this_thread::sleep_until(due);
            read(next());
        }
    }

private:
    Rubbing next() {
        Rubbing rubbing{"U " + std::to_string(100 + dice_() % kStones), {}};
        rubbing.runes.resize(60 + dice_() % 80);
        for (auto &rune : rubbing.runes) rune = static_cast<uint8_t>(dice_() & 127);
        return rubbing;
    }

    void read(const Rubbing &rubbing) {
        int weathering = museum_.weathering(rubbing.signum);
        std::string reading = transliterate(rubbing.runes, weathering);
        stones_.revise(rubbing.signum, [&](Stone &stone) {
            stone.weathering = weathering;
            stone.reading = std::move(reading);
            stone.rubbings++;
        });
        read_++;
    }

    Register &stones_;
    MuseumLine museum_;
    std::minstd_rand dice_;
    std::atomic<unsigned long> &read_;
};

int main() {
    int port = Museum::open();
    Register stones;
    std::atomic<unsigned long> read{0};
    std::vector<std::thread> desks;
    for (unsigned i = 0; i < kDesks; i++)
        desks.emplace_back([&, i] { Desk(stones, port, 900 + i, read).work(); });
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(5));
        std::ofstream("desks.txt") << read.load() << " rubbings read\n";
    }
}
