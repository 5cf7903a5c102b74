// expect: healthy bench
// Counts spawning horseshoe crabs on a beach in a full-moon night: drones with infrared cameras send what they see as
// datagrams, and ten times a second the warden's map shows what was seen in the last seconds: how many crabs, how many
// clusters (a female and the males around her), the largest, the share that lies upside down, and crowded sections.
//
// Measured: CPU 40 % of a core, in the twin 1.2 %; a count takes 40 ms, in the twin 1 ms.
#include <arpa/inet.h>
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
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr size_t kSeen = 9000;  // what the drones see on one pass along the beach
constexpr int kPerDatagram = 40;
constexpr double kDatagrams = 20;
constexpr double kBeach = 480, kWash = 9;  // metres
constexpr double kReach = 0.45;
constexpr int kSections = 24;

struct Sighting {
    float x, y;
    float width;
    uint16_t drone;
    uint16_t upside_down;
};

struct Datagram {
    uint32_t magic = 0x11411;
    uint32_t count = 0;
    std::array<Sighting, kPerDatagram> seen;
};

// Which sightings belong together.
class Groups {
  public:
    explicit Groups(size_t n) : above_(n), size_(n, 1) { std::iota(above_.begin(), above_.end(), 0); }

    uint32_t top(uint32_t i) {
        while (above_[i] != i) i = above_[i] = above_[above_[i]];
        return i;
    }

    void join(uint32_t a, uint32_t b) {
        a = top(a), b = top(b);
        if (a == b) return;
        if (size_[a] < size_[b]) std::swap(a, b);
        above_[b] = a;
        size_[a] += size_[b];
    }

    // How many groups of at least two there are, and the size of the largest.
    std::pair<int, int> clusters() const {
        int many = 0, largest = 0;
        for (size_t i = 0; i < above_.size(); i++) {
            if (above_[i] != i || size_[i] < 2) continue;
            many++;
            largest = std::max<int>(largest, size_[i]);
        }
        return {many, largest};
    }

  private:
    std::vector<uint32_t> above_;
    std::vector<uint32_t> size_;
};

struct Census {
    size_t crabs = 0;
    int clusters = 0, largest = 0;
    double upside_down = 0, width = 0;
    int crowded = 0;
};

inline bool together(const Sighting& a, const Sighting& b) {
    float dx = a.x - b.x, dy = a.y - b.y;
    return dx * dx + dy * dy < float(kReach * kReach);
}

class Beach {
  public:
    Beach() { seen_.reserve(kSeen); }

    bool full() const { return seen_.size() == kSeen; }

    void note(const Sighting& sighting) {
        if (!(sighting.x >= 0 && sighting.x < kBeach && sighting.y >= 0 && sighting.y <= kWash)) {
            strayed_++;
            return;
        }
        if (!full()) {
            seen_.push_back(sighting);
        } else {
            seen_[oldest_] = sighting;
            oldest_ = (oldest_ + 1) % kSeen;
        }
    }

    Census count() const {
        Census census;
        census.crabs = seen_.size();
        std::tie(census.clusters, census.largest) = cluster();
        std::array<int, kSections> section{};
        int turned = 0;
        double width = 0;
        for (const Sighting& crab : seen_) {
            section[int(crab.x / kBeach * kSections)]++;
            turned += crab.upside_down;
            width += crab.width;
        }
        census.upside_down = double(turned) / std::max<size_t>(1, seen_.size());
        census.width = width / std::max<size_t>(1, seen_.size());
        double mean = double(seen_.size()) / kSections;
        census.crowded = std::count_if(section.begin(), section.end(), [&](int n) { return n > mean * 1.15; });
        return census;
    }

    long strayed() const { return strayed_; }

  private:
    std::pair<int, int> cluster() const {
        std::vector<Sighting> crabs = seen_;
        std::sort(crabs.begin(), crabs.end(), [](const Sighting& a, const Sighting& b) { return a.x < b.x; });
        Groups groups(crabs.size());
        for (uint32_t i = 0; i < crabs.size(); i++) {
            for (uint32_t j = i + 1; j < crabs.size() && crabs[j].x - crabs[i].x < float(kReach); j++) {
                if (together(crabs[i], crabs[j])) groups.join(i, j);
            }
        }
        return groups.clusters();
    }

    std::vector<Sighting> seen_;
    size_t oldest_ = 0;
    long strayed_ = 0;
};

// Takes what the drones send, and counts when it is time.
class Warden {
  public:
    Warden() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (bind(socket_, reinterpret_cast<sockaddr*>(&at), size)) throw std::runtime_error("bind");
        getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
    }

    int port() const { return port_; }

    void run() {
        auto due = Clock::now();
        double spent = 0;
        for (long round = 0;;) {
            listen_until(due);
            due = std::max(due + 100ms, Clock::now());
            if (!beach_.full()) continue;
            auto began = Clock::now();
            Census census = beach_.count();
            spent += std::chrono::duration<double, std::milli>(Clock::now() - began).count();
            if (++round % 10 == 0) publish(census);
            if (round == 10) {
                std::printf("ready %d\n", getpid());
                std::fflush(stdout);
            }
            if (round % 100 == 0)
                std::fprintf(stderr, "%ld counts of %.2f ms each, %d clusters, largest %d\n", round, spent / round,
                             census.clusters, census.largest);
        }
    }

  private:
    void listen_until(Clock::time_point due) {
        for (;;) {
            auto left = std::chrono::duration_cast<std::chrono::microseconds>(due - Clock::now()).count();
            if (left <= 0) return;
            timeval patience{left / 1000000, left % 1000000};
            setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            Datagram told;
            ssize_t size = recv(socket_, &told, sizeof told, 0);
            if (size < 0 && errno != EAGAIN && errno != EINTR) throw std::runtime_error("recv");
            if (size != sizeof told || told.magic != Datagram().magic || told.count > kPerDatagram) continue;
            for (uint32_t i = 0; i < told.count; i++) beach_.note(told.seen[i]);
        }
    }

    void publish(const Census& census) {
        {
            std::ofstream out("map.new");
            out << census.crabs << " crabs in " << census.clusters << " clusters (largest " << census.largest << "), "
                << census.upside_down * 100 << " % upside down, " << census.width << " cm wide, " << census.crowded
                << " sections crowded, " << beach_.strayed() << " sightings off the beach\n";
        }
        if (std::rename("map.new", "map.txt")) throw std::runtime_error("cannot publish the map");
    }

    int socket_, port_ = 0;
    Beach beach_;
};

// The drones, a process of their own: first a pass along the whole beach, then they go on at their pace.
int drones(int port) {
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(line, reinterpret_cast<sockaddr*>(&to), sizeof to)) return 1;
    std::mt19937 chance(29);
    std::uniform_real_distribution<float> even(0, 1);
    std::normal_distribution<float> around(0, 0.3f);
    auto due = Clock::now();
    for (long number = 0;; number++) {
        Datagram told;
        for (Sighting& crab : told.seen) {
            bool joins = told.count % 4 > 0;  // males around a female
            crab.x = joins ? told.seen[told.count - 1].x + around(chance) : even(chance) * float(kBeach);
            crab.y = joins ? told.seen[told.count - 1].y + around(chance) : even(chance) * float(kWash);
            crab.width = (joins ? 18 : 26) + 3 * around(chance);
            crab.drone = uint16_t(number % 7);
            crab.upside_down = even(chance) < 0.07;
            told.count++;
        }
        if (send(line, &told, sizeof told, 0) < 0 && errno == ECONNREFUSED && number > 0) return 1;
        due += number < long(kSeen / kPerDatagram * 1.3) ? 2ms : std::chrono::milliseconds(long(1000 / kDatagrams));
        std::this_thread::sleep_until(due);
    }
}

int main(int argc, char** argv) {
    if (argc == 3 && !std::strcmp(argv[1], "drones")) return drones(std::atoi(argv[2]));
    try {
        Warden warden;
        char self[3000];
        std::string name(self, std::max<ssize_t>(0, readlink("/proc/self/exe", self, sizeof self)));
        std::string command = "'" + name + "' drones " + std::to_string(warden.port()) + " >/dev/null 2>&1 &";
        if (std::system(command.c_str())) throw std::runtime_error("cannot start the drones");
        warden.run();
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
