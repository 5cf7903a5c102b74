// bench: healthy
// Plays a wave organ: pressure readings of the sea come in by UDP, a bank of resonators turns them to sound in blocks of
// 10 ms, a second thread writes the sound to the archive in large pieces. All of its time goes to the resonators' arithmetic.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace {

constexpr int kRate = 48000;
constexpr int kBlock = 480;
constexpr int kPipes = 60;
constexpr int kModes = 64;
constexpr int kPieceBlocks = 100;
constexpr off_t kArchiveBytes = 64 << 20;

// The modes of a pipe, as two-pole filters side by side.
class Pipe {
public:
    Pipe(int number) : a1_(kModes), a2_(kModes), gain_(kModes), y1_(kModes), y2_(kModes) {
        const double base = 41.2 * std::pow(2.0, number / 12.0);
        for (int m = 0; m < kModes; ++m) {
            const double hertz = std::min(base * (m + 1) * (1 + 0.0004 * m * m), kRate * 0.45);
            const double decay = std::exp(-(2.0 + 0.6 * m) / kRate);
            a1_[m] = static_cast<float>(2 * decay * std::cos(2 * M_PI * hertz / kRate));
            a2_[m] = static_cast<float>(-decay * decay);
            gain_[m] = static_cast<float>(0.002 / (m + 1));
        }
    }

    void blow(float pressure, std::vector<float>& mix) {
        for (float& sample : mix) {
            breath_ += (pressure - breath_) * 0.0008f;
            noise_ = noise_ * 1664525u + 1013904223u;
            const float in = breath_ * (static_cast<float>(noise_ >> 9) / 4194304.0f - 1.0f);
            float out = 0;
            for (int m = 0; m < kModes; ++m) {
                const float y = a1_[m] * y1_[m] + a2_[m] * y2_[m] + gain_[m] * in;
                y2_[m] = y1_[m];
                y1_[m] = y;
                out += y;
            }
            sample += out;
        }
    }

private:
    std::vector<float> a1_, a2_, gain_, y1_, y2_;
    float breath_ = 0;
    uint32_t noise_ = 22222;
};

using Piece = std::vector<int16_t>;

// Full pieces go one way, empty ones come back.
class Exchange {
public:
    Exchange() {
        for (int i = 0; i < 4; ++i) empty_.emplace_back(kBlock * kPieceBlocks);
    }

    Piece empty() { return take(empty_, emptied_); }
    Piece full() { return take(full_, filled_); }
    void give_full(Piece piece) { give(full_, filled_, std::move(piece)); }
    void give_empty(Piece piece) { give(empty_, emptied_, std::move(piece)); }

private:
    Piece take(std::deque<Piece>& from, std::condition_variable& told) {
        std::unique_lock<std::mutex> hold(guard_);
        told.wait(hold, [&] { return !from.empty(); });
        Piece piece = std::move(from.front());
        from.pop_front();
        return piece;
    }

    void give(std::deque<Piece>& to, std::condition_variable& told, Piece piece) {
        {
            std::lock_guard<std::mutex> hold(guard_);
            to.push_back(std::move(piece));
        }
        told.notify_one();
    }

    std::mutex guard_;
    std::condition_variable filled_, emptied_;
    std::deque<Piece> full_, empty_;
};

void archive(Exchange& exchange) {
    const int file = open("organ.raw", O_CREAT | O_WRONLY, 0644);
    off_t at = 0;
    for (;;) {
        Piece piece = exchange.full();
        const size_t bytes = piece.size() * sizeof piece[0];
        if (at + static_cast<off_t>(bytes) > kArchiveBytes) at = 0;
        at += pwrite(file, piece.data(), bytes, at);
        exchange.give_empty(std::move(piece));
    }
}

// The pressure under each pipe; the latest reading counts.
void read_sea(int sock, std::vector<float>& pressure) {
    float reading[kPipes];
    while (recv(sock, reading, sizeof reading, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof reading))
        std::copy(reading, reading + kPipes, pressure.begin());
}

void play(int sock, Exchange& exchange) {
    std::vector<Pipe> pipes;
    for (int i = 0; i < kPipes; ++i) pipes.emplace_back(i);
    std::vector<float> pressure(kPipes, 0.5f), mix(kBlock);
    timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        Piece piece = exchange.empty();
        for (int block = 0; block < kPieceBlocks; ++block) {
            read_sea(sock, pressure);
            std::fill(mix.begin(), mix.end(), 0.0f);
            for (int i = 0; i < kPipes; ++i) pipes[i].blow(pressure[i], mix);
            for (int i = 0; i < kBlock; ++i)
                piece[block * kBlock + i] = static_cast<int16_t>(std::clamp(mix[i] * 9000.0f, -32000.0f, 32000.0f));
            due.tv_nsec += 1000000000L / kRate * kBlock;
            if (due.tv_nsec >= 1000000000L) {
                due.tv_nsec -= 1000000000L;
                ++due.tv_sec;
            }
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
        }
        exchange.give_full(std::move(piece));
    }
}

// The gauges under the jetty: a process of its own.
void sea(int port) {
    const int sock = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(sock, reinterpret_cast<sockaddr*>(&to), sizeof to);
    int refused = 0;
    for (int n = 0; refused < 20; ++n) {
        float reading[kPipes];
        for (int i = 0; i < kPipes; ++i)
            reading[i] = static_cast<float>(0.5 + 0.4 * std::sin(n * 0.021 + i * 0.3) + 0.1 * std::sin(n * 0.33 + i));
        if (send(sock, reading, sizeof reading, 0) < 0) ++refused;
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
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
            sea(ntohs(here.sin_port));
        }
        _exit(0);
    } else {
        waitpid(first, nullptr, 0);
    }
    static Exchange exchange;
    std::thread writer(archive, std::ref(exchange));
    std::thread player(play, sock, std::ref(exchange));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::puts("ready");
    std::fflush(stdout);
    player.join();
    writer.join();
}
