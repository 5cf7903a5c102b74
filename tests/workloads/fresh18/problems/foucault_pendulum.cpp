// expect: pattern=busy-wait bench
// Tracks a museum's Foucault pendulum: a line camera sends 240 scans a second by UDP, one thread takes them off the
// socket, another finds the bob in each scan and fits the plane of its swing.
// Measured: the tracking thread takes 0.92 to 0.98 of a core for 0.01 of work; twin: 0.006 of a core for both threads.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>
#include <vector>

namespace {

constexpr int kPixels = 512;
constexpr int kScansPerSecond = 240;

struct Scan {
    uint32_t number = 0;
    uint32_t axis = 0;
    std::array<uint16_t, kPixels> light{};
};

// One writer, one reader.
class ScanRing {
public:
    bool push(const Scan& scan) {
        const size_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_.load(std::memory_order_acquire) == slots_.size()) return false;
        slots_[head % slots_.size()] = scan;
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    bool try_pop(Scan& scan) {
        const size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_.load(std::memory_order_acquire)) return false;
        scan = slots_[tail % slots_.size()];
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    Scan next() {
        Scan scan;
        while (!try_pop(scan)) {  // <- cost
            std::atomic_signal_fence(std::memory_order_seq_cst);  // <- cost
        }
        return scan;
    }

private:
    std::array<Scan, 64> slots_;
    alignas(64) std::atomic<size_t> head_{0};
    alignas(64) std::atomic<size_t> tail_{0};
};

class BobFinder {
public:
    explicit BobFinder(int pixels) : dark_(pixels, 90.0f), flat_(pixels) {}

    // Where the bob is, in pixels; below zero where it is not in sight.
    double find(const Scan& scan) {
        for (int i = 0; i < kPixels; ++i) {
            const float raw = scan.light[i];
            dark_[i] += (std::min(raw, 140.0f) - dark_[i]) * 0.002f;
            flat_[i] = std::max(0.0f, raw - dark_[i] - 40.0f);
        }
        double weight = 0, sum = 0;
        for (int i = 1; i + 1 < kPixels; ++i) {
            const double smooth = 0.25 * flat_[i - 1] + 0.5 * flat_[i] + 0.25 * flat_[i + 1];
            weight += smooth;
            sum += smooth * i;
        }
        return weight < 500 ? -1 : sum / weight;
    }

private:
    std::vector<float> dark_, flat_;
};

// The swing's plane from the second moments of the last positions on both axes.
class SwingPlane {
public:
    void add(uint32_t axis, double at) {
        if (axis == 0) {
            x_ = at - kPixels / 2.0;
            return;
        }
        const double y = at - kPixels / 2.0;
        xx_ += (x_ * x_ - xx_) * 0.001;
        yy_ += (y * y - yy_) * 0.001;
        xy_ += (x_ * y - xy_) * 0.001;
    }

    double degrees() const { return 0.5 * std::atan2(2 * xy_, xx_ - yy_) * 57.29577951308232; }

private:
    double x_ = 0, xx_ = 0, yy_ = 0, xy_ = 0;
};

void receive(int sock, ScanRing& ring, std::atomic<uint64_t>& lost) {
    Scan scan;
    for (;;) {
        const ssize_t got = recv(sock, &scan, sizeof scan, 0);
        if (got != static_cast<ssize_t>(sizeof scan)) continue;
        if (!ring.push(scan)) lost.fetch_add(1, std::memory_order_relaxed);
    }
}

void track(ScanRing& ring, const std::atomic<uint64_t>& lost) {
    BobFinder finder(kPixels);
    SwingPlane plane;
    std::ofstream log("precession.log", std::ios::app);
    uint64_t scans = 0, blind = 0;
    for (;;) {
        const Scan scan = ring.next();
        const double at = finder.find(scan);
        if (at < 0)
            ++blind;
        else
            plane.add(scan.axis, at);
        if (++scans % (kScansPerSecond * 5) == 0)
            log << scans << ' ' << plane.degrees() << ' ' << blind << ' ' << lost.load() << std::endl;
    }
}

// The camera: a process of its own, nobody's child.
void camera(int port) {
    const int sock = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(sock, reinterpret_cast<sockaddr*>(&to), sizeof to);
    timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    int refused = 0;
    for (uint32_t n = 0; refused < 20; ++n) {
        Scan scan;
        scan.number = n;
        scan.axis = n & 1;
        const double t = (n / 2) * 2.0 / kScansPerSecond, turn = t * 0.002;
        const double swing = 200 * std::sin(t * 0.93);
        const double at = kPixels / 2.0 + swing * (scan.axis ? std::sin(turn) : std::cos(turn));
        for (int i = 0; i < kPixels; ++i) {
            const double d = (i - at) / 4.0;
            scan.light[i] = static_cast<uint16_t>(90 + (i * 7 + n) % 11 + (d * d < 30 ? 2500 * std::exp(-d * d) : 0));
        }
        if (send(sock, &scan, sizeof scan, 0) < 0) ++refused;
        due.tv_nsec += 1000000000L / kScansPerSecond;
        if (due.tv_nsec >= 1000000000L) {
            due.tv_nsec -= 1000000000L;
            ++due.tv_sec;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
    }
}

}  // namespace

int main() {
    const int sock = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    if (bind(sock, reinterpret_cast<sockaddr*>(&here), size) != 0) return 1;
    getsockname(sock, reinterpret_cast<sockaddr*>(&here), &size);
    if (const pid_t first = fork(); first == 0) {
        if (fork() == 0) {
            close(sock);
            camera(ntohs(here.sin_port));
        }
        _exit(0);
    } else {
        waitpid(first, nullptr, 0);
    }
    static ScanRing ring;
    static std::atomic<uint64_t> lost{0};
    std::thread receiver(receive, sock, std::ref(ring), std::ref(lost));
    std::thread tracker(track, std::ref(ring), std::cref(lost));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::puts("ready");
    std::fflush(stdout);
    receiver.join();
    tracker.join();
}
