// bench: healthy
// Hears the cowbells of alpine herds: receivers on the alps tell in small packets which bell rang where; an event loop
// keeps the last places of each cow, tells once a second which cows stray from their herd, and answers herders, who ask
// for the list of a herd; lists are kept until they are a second old, and no more than a dozen of them.
//
// Measured: 200000 rings and 500 lists a second; CPU 1 % of a core.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

constexpr unsigned kHerds = 24, kCows = 40, kReceivers = 12;

struct Ring {
    uint16_t herd, cow;
    float east, north;
};

// The last places of a cow, the oldest given up for the newest.
class Trail {
public:
    void add(float east, float north) {
        places_[next_++ % places_.size()] = {east, north};
    }
    std::pair<float, float> middle() const {
        size_t number = std::min<size_t>(next_, places_.size());
        float east = 0, north = 0;
        for (size_t i = 0; i < number; ++i) {
            east += places_[i].first;
            north += places_[i].second;
        }
        return number ? std::make_pair(east / float(number), north / float(number)) : std::make_pair(0.0f, 0.0f);
    }

private:
    std::array<std::pair<float, float>, 32> places_{};
    size_t next_ = 0;
};

class Alps {
public:
    void ring(const Ring& ring) {
        if (ring.herd >= kHerds || ring.cow >= kCows) {
            ++unknown_;
            return;
        }
        trails_[ring.herd][ring.cow].add(ring.east, ring.north);
        ++rings_;
    }

    // Once a second: which cows are more than three times as far from the middle of their herd as is usual there.
    void look_for_strays() {
        ++second_;
        for (unsigned herd = 0; herd < kHerds; ++herd) {
            float east = 0, north = 0, usual = 0;
            std::array<std::pair<float, float>, kCows> at;
            for (unsigned cow = 0; cow < kCows; ++cow) {
                at[cow] = trails_[herd][cow].middle();
                east += at[cow].first / kCows;
                north += at[cow].second / kCows;
            }
            std::array<float, kCows> away;
            for (unsigned cow = 0; cow < kCows; ++cow) {
                away[cow] = std::hypot(at[cow].first - east, at[cow].second - north);
                usual += away[cow] / kCows;
            }
            strays_[herd].clear();
            for (unsigned cow = 0; cow < kCows; ++cow)
                if (away[cow] > 3 * usual) strays_[herd].push_back(cow);
        }
    }

    const std::string& list(unsigned herd) {
        for (auto kept = lists_.begin(); kept != lists_.end(); ++kept)
            if (kept->herd == herd && kept->second == second_) {
                lists_.splice(lists_.begin(), lists_, kept);
                return lists_.front().text;
            }
        lists_.remove_if([&](const List& old) { return old.herd == herd; });
        if (lists_.size() == 12) lists_.pop_back();
        lists_.push_front({herd, second_, written(herd)});
        return lists_.front().text;
    }
    unsigned long rings() const { return rings_; }

private:
    struct List {
        unsigned herd;
        unsigned long second;
        std::string text;
    };

    std::string written(unsigned herd) const {
        std::string text;
        text.reserve(kCows * 32);
        char line[64];
        for (unsigned cow = 0; cow < kCows; ++cow) {
            auto [east, north] = trails_[herd][cow].middle();
            text.append(line, size_t(std::snprintf(line, sizeof line, "cow %u %.1f %.1f\n", cow, east, north)));
        }
        text += std::to_string(strays_[herd].size()) + " stray\n\n";
        return text;
    }

    std::array<std::array<Trail, kCows>, kHerds> trails_;
    std::array<std::vector<unsigned>, kHerds> strays_;
    std::list<List> lists_;
    unsigned long second_ = 0, rings_ = 0, unknown_ = 0;
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// A line: the first byte tells whether it is a receiver's ('r') or a herder's ('h').
struct Line {
    int socket;
    char kind = 0;
    size_t filled = 0;
    std::array<char, 16384> bytes;

    bool receive(Alps& alps) {
        ssize_t got = recv(socket, bytes.data() + filled, bytes.size() - filled, 0);
        if (got <= 0) return got < 0 && errno == EAGAIN;
        filled += size_t(got);
        size_t taken = 0;
        if (!kind) kind = bytes[taken++];
        if (kind == 'r') {
            Ring ring;
            for (; filled - taken >= sizeof ring; taken += sizeof ring) {
                std::memcpy(&ring, bytes.data() + taken, sizeof ring);
                alps.ring(ring);
            }
        } else {
            for (; taken < filled; ++taken) {
                const std::string& list = alps.list(uint8_t(bytes[taken]) % kHerds);
                if (send(socket, list.data(), list.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return false;
            }
        }
        std::memmove(bytes.data(), bytes.data() + taken, filled - taken);
        filled -= taken;
        return true;
    }
};

sockaddr_in here(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(uint16_t(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int line_to(int port) {
    int line = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    sockaddr_in address = here(port);
    if (connect(line, reinterpret_cast<sockaddr*>(&address), sizeof address)) std::exit(1);
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return line;
}

// Receivers and a herder, in a process of their own.
int pastures(int port) {
    std::array<int, kReceivers> receivers;
    for (int& receiver : receivers) send(receiver = line_to(port), "r", 1, MSG_NOSIGNAL);
    int herder = line_to(port);
    send(herder, "h", 1, MSG_NOSIGNAL);
    std::thread([herder] {
        char ignored[8192];
        while (recv(herder, ignored, sizeof ignored, 0) > 0) continue;
        std::exit(0);
    }).detach();
    uint32_t random = 99;
    auto unit = [&] { return float((random = random * 1664525 + 1013904223) >> 8) / float(1 << 24); };
    std::vector<Ring> rings(400);
    auto due = std::chrono::steady_clock::now();
    for (unsigned turn = 0;; ++turn) {
        for (Ring& ring : rings) {
            ring.herd = uint16_t(unit() * kHerds);
            ring.cow = uint16_t(unit() * kCows);
            ring.east = ring.herd * 500 + unit() * (ring.cow == 7 ? 900 : 100);
            ring.north = ring.herd * 300 + unit() * 100;
        }
        if (send(receivers[turn % kReceivers], rings.data(), rings.size() * sizeof(Ring), MSG_NOSIGNAL) < 0) return 0;
        char herd = char(turn % 5 ? turn % 4 : turn % kHerds);
        if (send(herder, &herd, 1, MSG_NOSIGNAL) < 0) return 0;
        due += std::chrono::milliseconds(2);
        std::this_thread::sleep_until(due);
    }
}

void start_pastures(int port) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length < 0) fail("readlink");
    std::string command = "'" + std::string(self, size_t(length)) + "' pastures " + std::to_string(port);
    if (std::system((command + " </dev/null >/dev/null 2>&1 &").c_str())) fail("system");
}

int main(int count, char** words) {
    if (count == 3 && words[1] == std::string("pastures")) return pastures(std::atoi(words[2]));
    int door = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = here(0);
    socklen_t size = sizeof address;
    if (bind(door, reinterpret_cast<sockaddr*>(&address), size) || listen(door, 64) ||
        getsockname(door, reinterpret_cast<sockaddr*>(&address), &size))
        fail("listen");
    int loop = epoll_create1(0), clock = timerfd_create(CLOCK_MONOTONIC, 0);
    itimerspec each_second{{1, 0}, {1, 0}};
    timerfd_settime(clock, 0, &each_second, nullptr);
    auto watch = [&](int descriptor, void* who) {
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.ptr = who;
        if (epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &wanted)) fail("epoll_ctl");
    };
    watch(door, &door);
    watch(clock, &clock);
    start_pastures(ntohs(address.sin_port));

    auto alps = std::make_unique<Alps>();
    std::vector<std::unique_ptr<Line>> lines;
    std::array<epoll_event, 32> events;
    for (unsigned seconds = 0;;) {
        int number = epoll_wait(loop, events.data(), int(events.size()), -1);
        for (int i = 0; i < number; ++i) {
            void* who = events[size_t(i)].data.ptr;
            if (who == &door) {
                lines.push_back(std::make_unique<Line>());
                lines.back()->socket = accept4(door, nullptr, nullptr, SOCK_NONBLOCK);
                watch(lines.back()->socket, lines.back().get());
            } else if (who == &clock) {
                uint64_t times;
                if (read(clock, &times, sizeof times) != sizeof times) fail("read");
                alps->look_for_strays();
                if (++seconds == 2) {
                    std::printf("ready %d\n", int(getpid()));
                    std::fflush(stdout);
                } else if (seconds % 5 == 0) {
                    std::fprintf(stderr, "%lu rings\n", alps->rings());
                }
            } else if (!static_cast<Line*>(who)->receive(*alps)) {
                return 0;
            }
        }
    }
}
