// expect: pattern=lock-contention bench
// Door controller of a hotel: each door's reader has a thread that takes the cards held to it and opens if the card's
// grant says so. Grants come from the front desk's server and hold for two seconds, so that a card that was barred stops working.
// Measured: 490 swipes a second of 560, 30 ms each before; 560, 1.9 ms each after.
#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <netinet/tcp.h>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

using Clock = std::chrono::steady_clock;

namespace {

constexpr int kDoors = 14;
constexpr int kCards = 420;
constexpr auto kBetweenSwipes = std::chrono::microseconds(25000);
constexpr auto kGrantHolds = std::chrono::seconds(2);

struct Grant {
    int card = 0;
    int floor = 0;
    bool pool = false;
    Clock::time_point until;
};

// One kept connection to the front desk.
class FrontDesk {
public:
    explicit FrontDesk(int port) : port_(port) {}
    ~FrontDesk() { drop(); }
    FrontDesk(const FrontDesk&) = delete;
    FrontDesk& operator=(const FrontDesk&) = delete;

    Grant ask(int card) {
        if (socket_ < 0) {
            connect();
        }
        const std::string request =
            "GET /grants/" + std::to_string(card) + " HTTP/1.1\r\nHost: frontdesk\r\nAccept: application/json\r\n\r\n";
        if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != ssize_t(request.size())) {
            drop();
            throw std::runtime_error("the front desk does not take the question");
        }
        const std::string body = receive();
        Grant grant;
        grant.card = card;
        grant.floor = number_after(body, "\"stock\": ") % 7;
        grant.pool = number_after(body, "\"price\": ") % 3 == 0;
        grant.until = Clock::now() + kGrantHolds;
        return grant;
    }

private:
    void connect() {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(uint16_t(port_));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int yes = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            drop();
            throw std::runtime_error("the front desk cannot be reached");
        }
    }

    void drop() {
        if (socket_ >= 0) {
            close(socket_);
        }
        socket_ = -1;
    }

    std::string receive() {
        std::string answer;
        char part[4096];
        size_t body = std::string::npos, wanted = 0;
        while (body == std::string::npos || answer.size() < body + wanted) {
            const ssize_t got = recv(socket_, part, sizeof part, 0);
            if (got <= 0) {
                drop();
                throw std::runtime_error("the front desk hung up");
            }
            answer.append(part, size_t(got));
            if (body == std::string::npos && (body = answer.find("\r\n\r\n")) != std::string::npos) {
                body += 4;
                wanted = size_t(number_after(answer, "Content-Length: "));
            }
        }
        return answer.substr(body, wanted);
    }

    static int number_after(const std::string& text, const char* label) {
        const size_t at = text.find(label);
        return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + std::strlen(label));
    }

    int port_;
    int socket_ = -1;
};

class Grants {
public:
    Grant lookup(int card, FrontDesk& desk) {
        std::lock_guard<std::mutex> guard(lock_);  // <- cost
        auto found = grants_.find(card);
        if (found != grants_.end() && found->second.until > Clock::now()) {
            return found->second;
        }
        Grant grant = desk.ask(card);  // <- cost
        grants_[card] = grant;
        return grant;
    }

private:
    std::mutex lock_;
    std::unordered_map<int, Grant> grants_;
};

struct Tally {
    std::atomic<long> opened{0}, refused{0}, failed{0}, waited_us{0};
};

// The thread of one door's reader.
void serve_door(int door, int port, Grants& grants, Tally& tally) {
    FrontDesk desk(port);
    std::minstd_rand random(unsigned(door) * 977 + 5);
    auto due = Clock::now() + std::chrono::microseconds(door * 1700);
    for (;;) {
        std::this_thread::sleep_until(due);
        const int card = int(random() % kCards);
        const auto begun = Clock::now();
        try {
            const Grant grant = grants.lookup(card, desk);  // <- cost
            const bool may = door == 0 || grant.floor == door % 7 || (door == 13 && grant.pool);
            (may ? tally.opened : tally.refused)++;
        } catch (const std::runtime_error&) {
            tally.failed++;
        }
        const auto now = Clock::now();
        tally.waited_us += std::chrono::duration_cast<std::chrono::microseconds>(now - begun).count();
        due = std::max(due + kBetweenSwipes, now - std::chrono::seconds(1));
    }
}

int start_front_desk() {
    const std::string command =
        std::string("\"") + std::getenv("PYTHON") + "\" \"" + std::getenv("SERVICES") + "\" http 6";
    FILE* pipe = popen(command.c_str(), "r");
    int port = 0;
    if (!pipe || std::fscanf(pipe, "%d", &port) != 1) {
        std::fprintf(stderr, "no front desk\n");
        std::exit(1);
    }
    pclose(pipe);
    return port;
}

}  // namespace

int main() {
    const int port = start_front_desk();
    Grants grants;
    Tally tally;
    std::vector<std::thread> doors;
    for (int door = 0; door < kDoors; ++door) {
        doors.emplace_back(serve_door, door, port, std::ref(grants), std::ref(tally));
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(5));
        const long swipes = tally.opened.exchange(0) + tally.refused.exchange(0), failed = tally.failed.exchange(0);
        std::fprintf(stderr, "%ld swipes, %ld failed, %.2f ms each\n", swipes, failed,
                     double(tally.waited_us.exchange(0)) / 1000 / double(std::max(1L, swipes)));
    }
}
