// expect: pattern=small-io bench
// Makes the tracks of sand drawing tables, whose magnet rolls a ball through the sand below a glass: tables order a
// pattern with its number of petals, and the track is laid down in a file of waypoints that the table then follows.
//
// Measured: 100 tracks a second, 720000 waypoints; CPU 45 % of a core, in the twin 12 %.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
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
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace tracks {

constexpr double kTurn = 6.283185307179586;

// Where the ball is to be: the angle in 1/100 of a degree, the radius in 1/100 mm, and how fast, in mm a second.
struct Waypoint {
    int angle;
    int radius;
    int speed;
};

struct Order {
    int table = 0;
    std::string pattern;
    int petals = 0;
    int turns = 0;
};

std::ostream& operator<<(std::ostream& out, const Waypoint& point) {
    return out << point.angle << ' ' << point.radius << ' ' << point.speed << std::endl;  // <- cost
}

// A curve says how far from the middle the ball is at an angle, from 0 to 1.
class Curve {
public:
    virtual ~Curve() = default;
    virtual double radius(double angle, double done) const = 0;
};

class Rose : public Curve {
public:
    explicit Rose(int petals) : petals_(petals) {}
    double radius(double angle, double) const override { return std::abs(std::cos(petals_ * angle / 2)); }

private:
    int petals_;
};

class Spiral : public Curve {
public:
    explicit Spiral(int petals) : ripple_(0.3 / petals), petals_(petals) {}
    double radius(double angle, double done) const override {
        return std::min(1.0, done * (1 - ripple_) + ripple_ * std::sin(angle * petals_));
    }

private:
    double ripple_;
    int petals_;
};

std::unique_ptr<Curve> curve_for(const Order& order) {
    if (order.petals < 2 || order.petals > 40) throw std::invalid_argument("petals out of range");
    if (order.pattern == "rose") return std::make_unique<Rose>(order.petals);
    if (order.pattern == "spiral") return std::make_unique<Spiral>(order.petals);
    throw std::invalid_argument("no pattern " + order.pattern);
}

class Planner {
public:
    explicit Planner(int per_turn) : per_turn_(per_turn) {}

    std::vector<Waypoint> plan(const Order& order) const {
        std::unique_ptr<Curve> curve = curve_for(order);
        int number = order.turns * per_turn_;
        std::vector<Waypoint> track;
        track.reserve(size_t(number));
        double before = 0;
        for (int i = 0; i < number; ++i) {
            double angle = kTurn * i / per_turn_;
            double radius = 180 * std::max(0.0, curve->radius(angle, double(i) / number));
            double step = std::hypot(radius - before, radius * kTurn / per_turn_);
            int speed = step > 4 ? 12 : step > 1 ? 25 : 40;
            track.push_back({int(36000LL * i / per_turn_ % 36000), int(radius * 100), speed});
            before = radius;
        }
        return track;
    }

private:
    int per_turn_;
};

// The files that tables follow: written beside the old one first, so that a table never reads half a track.
class Shelf {
public:
    explicit Shelf(std::string prefix) : prefix_(std::move(prefix)) {}

    long store(const Order& order, const std::vector<Waypoint>& track) const {
        std::string name = prefix_ + std::to_string(order.table) + ".track", fresh = name + ".new";
        std::ofstream file(fresh, std::ios::trunc);
        file << "# " << order.pattern << ' ' << order.petals << " petals, " << track.size() << " waypoints\n";
        for (const Waypoint& point : track) file << point;  // <- cost
        long size = long(file.tellp());
        file.close();
        if (!file) throw std::runtime_error("cannot write " + fresh);
        if (std::rename(fresh.c_str(), name.c_str())) throw std::system_error(errno, std::generic_category(), name);
        return size;
    }

private:
    std::string prefix_;
};

struct Figures {
    unsigned long orders = 0, refused = 0;
    unsigned long long bytes = 0, waypoints = 0;
};

class Workshop {
public:
    Workshop(Planner planner, Shelf shelf) : planner_(planner), shelf_(std::move(shelf)) {}

    std::string handle(const std::string& text) {
        std::ostringstream answer;
        try {
            Order order = read(text);
            std::vector<Waypoint> track = planner_.plan(order);
            long size = shelf_.store(order, track);
            figures_.orders++;
            figures_.bytes += static_cast<unsigned long long>(size);
            figures_.waypoints += track.size();
            latest_[order.table] = order.pattern;
            answer << "ready " << order.table << ' ' << track.size() << ' ' << size << '\n';
        } catch (const std::exception& problem) {
            figures_.refused++;
            answer << "refused " << problem.what() << '\n';
        }
        return answer.str();
    }
    const Figures& figures() const { return figures_; }

private:
    static Order read(const std::string& text) {
        std::istringstream words(text);
        Order order;
        if (!(words >> order.table >> order.pattern >> order.petals >> order.turns))
            throw std::invalid_argument("an order is: table pattern petals turns");
        if (order.turns < 1 || order.turns > 200) throw std::invalid_argument("turns out of range");
        return order;
    }

    Planner planner_;
    Shelf shelf_;
    Figures figures_;
    std::map<int, std::string> latest_;
};

}  // namespace tracks

static sockaddr_in here(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// The tables, in a process of their own, order 100 tracks a second.
static int tables(int port) {
    int line = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = here(port);
    if (connect(line, reinterpret_cast<sockaddr*>(&address), sizeof address)) return 1;
    auto due = std::chrono::steady_clock::now();
    char answer[512];
    for (unsigned number = 0;; ++number) {
        std::string order = std::to_string(number % 24) + (number % 3 ? " rose " : " spiral ") +
                            std::to_string(3 + number % 9) + ' ' + std::to_string(18 + number % 5) + '\n';
        if (send(line, order.data(), order.size(), MSG_NOSIGNAL) < 0) return 0;
        if (recv(line, answer, sizeof answer, 0) <= 0) return 0;
        due += std::chrono::microseconds(1000000 / 100);
        std::this_thread::sleep_until(due);
    }
}

static void start_tables(int port) {
    std::array<char, 4096> self{};
    if (readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) throw std::runtime_error("who am I?");
    std::string command = "'" + std::string(self.data()) + "' tables " + std::to_string(port);
    if (std::system((command + " </dev/null >/dev/null 2>&1 &").c_str())) throw std::runtime_error("no tables");
}

int main(int count, char** words) {
    if (count == 3 && !std::strcmp(words[1], "tables")) return tables(std::atoi(words[2]));
    int door = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = here(0);
    socklen_t length = sizeof address;
    if (bind(door, reinterpret_cast<sockaddr*>(&address), length) || listen(door, 8) ||
        getsockname(door, reinterpret_cast<sockaddr*>(&address), &length))
        throw std::system_error(errno, std::generic_category(), "listen");
    start_tables(ntohs(address.sin_port));
    int line = accept(door, nullptr, nullptr);
    tracks::Workshop workshop(tracks::Planner(360), tracks::Shelf("table-"));
    bool told = false;
    std::string pending;
    char buffer[4096];
    for (ssize_t got; (got = recv(line, buffer, sizeof buffer, 0)) > 0;) {
        pending.append(buffer, static_cast<size_t>(got));
        for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
            std::string answer = workshop.handle(pending.substr(0, end));
            if (send(line, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return 1;
        }
        const tracks::Figures& figures = workshop.figures();
        if (!told && figures.orders >= 40) {
            std::cout << "ready " << getpid() << std::endl;
            told = true;
        }
        if (figures.orders % 1000 == 0)
            std::cerr << figures.orders << " tracks, " << figures.waypoints << " waypoints, " << figures.refused
                      << " refused\n";
    }
    return 0;
}
