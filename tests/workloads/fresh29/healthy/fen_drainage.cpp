// expect: healthy bench
//
// Pumping stations of a drained fen: takes the levels of ditches as datagrams, sets the pumps by them, and notes every
// ten seconds what was pumped. Between the datagrams it sleeps.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStations = 16;
constexpr int kDitchesPerStation = 6;
constexpr auto kReport = std::chrono::seconds(10);
constexpr auto kSend = std::chrono::milliseconds(100);
constexpr double kStartAt = 0.42, kStopAt = 0.28;  // metres

struct Datagram {
    std::uint16_t station;
    std::uint16_t number;
    std::uint32_t second;
    std::int16_t level_mm[kDitchesPerStation];
};
static_assert(sizeof(Datagram) == 20);

class Socket {
public:
    Socket() : handle_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        if (handle_ < 0) throw std::runtime_error("no socket");
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(handle_, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0) throw std::runtime_error("no port");
    }
    ~Socket() { ::close(handle_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    sockaddr_in address() const {
        sockaddr_in found{};
        socklen_t size = sizeof found;
        ::getsockname(handle_, reinterpret_cast<sockaddr*>(&found), &size);
        return found;
    }

    bool wait(Clock::time_point until) const {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd one{handle_, POLLIN, 0};
        return ::poll(&one, 1, static_cast<int>(std::max<long>(left, 0))) > 0;
    }

    bool take(Datagram& into) const { return ::recv(handle_, &into, sizeof into, MSG_DONTWAIT) == sizeof into; }

    void send(const Datagram& what, const sockaddr_in& to) const {
        ::sendto(handle_, &what, sizeof what, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }

private:
    int handle_;
};

struct Station {
    std::array<double, kDitchesPerStation> levels{};
    std::uint16_t expected = 0;
    long taken = 0, lost = 0;
    bool pumping = false;
    double pumped_m3 = 0;
    Clock::time_point since = Clock::now();

    void account(Clock::time_point now) {
        if (pumping) pumped_m3 += std::chrono::duration<double>(now - since).count() * 0.35;
        since = now;
    }

    void take(const Datagram& datagram) {
        lost += static_cast<std::uint16_t>(datagram.number - expected);
        expected = static_cast<std::uint16_t>(datagram.number + 1);
        ++taken;
        double highest = 0;
        for (int i = 0; i < kDitchesPerStation; ++i) {
            levels[i] = 0.7 * levels[i] + 0.3 * datagram.level_mm[i] / 1000.0;
            highest = std::max(highest, levels[i]);
        }
        account(Clock::now());
        if (highest > kStartAt) pumping = true;
        if (highest < kStopAt) pumping = false;
    }
};

class Fen {
public:
    void take(const Datagram& datagram) {
        if (datagram.station < kStations)
            stations_[datagram.station].take(datagram);
        else
            ++strangers_;
    }

    void report() {
        std::ofstream out("fen.new", std::ios::trunc);
        const auto now = Clock::now();
        for (int i = 0; i < kStations; ++i) {
            auto& station = stations_[i];
            station.account(now);
            out << "station " << i << (station.pumping ? " pumping " : " resting ") << std::lround(station.pumped_m3)
                << " m3, " << station.taken << " datagrams, " << station.lost << " lost\n";
        }
        out << "strangers " << strangers_ << '\n';
        out.close();
        std::rename("fen.new", "fen.txt");
    }

private:
    std::array<Station, kStations> stations_;
    long strangers_ = 0;
};

// The telemetry boxes: ten datagrams a second, of one station after the other.
void telemetry(sockaddr_in to) {
    Socket line;
    std::mt19937 random(3);
    std::normal_distribution<double> wave(0, 12);
    std::array<std::uint16_t, kStations> numbers{};
    for (std::uint32_t turn = 0;; ++turn) {
        Datagram datagram{};
        datagram.station = static_cast<std::uint16_t>(turn % kStations);
        datagram.number = numbers[datagram.station]++;
        datagram.second = turn / 10;
        for (int i = 0; i < kDitchesPerStation; ++i)
            datagram.level_mm[i] =
                static_cast<std::int16_t>(350 + 140 * std::sin(turn * 0.002 + datagram.station) + wave(random));
        line.send(datagram, to);
        std::this_thread::sleep_for(kSend);
    }
}

}  // namespace

int main() {
    Socket intake;
    std::thread boxes(telemetry, intake.address());
    boxes.detach();
    Fen fen;
    auto next = Clock::now() + kReport;
    const auto announce = Clock::now() + std::chrono::seconds(1);
    bool announced = false;
    while (true) {
        if (intake.wait(announced ? next : std::min(next, announce))) {
            Datagram datagram;
            while (intake.take(datagram)) fen.take(datagram);
        }
        const auto now = Clock::now();
        if (!announced && now >= announce) {
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
            announced = true;
        }
        if (now >= next) {
            fen.report();
            next += kReport;
        }
    }
}
