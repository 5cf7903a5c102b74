// bench: healthy
// An entomologist's model of termites that build a mound: the field station asks over TCP, five times a second, to wet
// a spot and let the colony build for some steps, and is told how long the galleries are. Looks costly, and is as it
// should be: a burst of honest arithmetic for each request, on a crew of two threads that was started once and sleeps
// on a condition variable between bursts; the fields are allocated once and swapped; now and then a picture is written,
// in one piece.
//
// Measured: 5 bursts a second; CPU 20 % of a core.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kSide = 256;
constexpr int kTermites = 20000;
constexpr int kCrew = 2;
constexpr int kSteps = 32;
constexpr double kPerSecond = 5;

// Threads that do the parts of a piece of work, and sleep when there is none.
class Crew {
  public:
    explicit Crew(int many) {
        for (int i = 0; i < many; i++) threads_.emplace_back([this, i] { work(i); });
    }

    ~Crew() {
        {
            std::lock_guard<std::mutex> hold(mutex_);
            ended_ = true;
        }
        begin_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    int size() const { return int(threads_.size()); }

    void each(std::function<void(int)> part) {
        std::unique_lock<std::mutex> hold(mutex_);
        part_ = std::move(part);
        left_ = size();
        round_++;
        begin_.notify_all();
        end_.wait(hold, [this] { return left_ == 0; });
    }

  private:
    void work(int me) {
        for (unsigned long seen = 0;; seen++) {
            {
                std::unique_lock<std::mutex> hold(mutex_);
                begin_.wait(hold, [&] { return round_ > seen || ended_; });
                if (ended_) return;
            }
            part_(me);
            std::lock_guard<std::mutex> hold(mutex_);
            if (--left_ == 0) end_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable begin_, end_;
    std::function<void(int)> part_;
    unsigned long round_ = 0;
    int left_ = 0;
    bool ended_ = false;
    std::vector<std::thread> threads_;
};

struct Termite {
    float x, y, heading;
    uint32_t chance;

    float random() {
        chance = chance * 1664525u + 1013904223u;
        return (chance >> 8) / 16777216.0f;
    }
};

class Mound {
  public:
    explicit Mound(Crew& crew) : crew_(crew), trail_(kSide * kSide), next_(kSide * kSide) {
        for (int i = 0; i < crew.size(); i++) laid_.emplace_back(kSide * kSide);
        termites_.reserve(kTermites);
        for (uint32_t i = 0; i < kTermites; i++) {
            Termite termite{kSide / 2.0f, kSide / 2.0f, 0, i * 2654435761u};
            termite.heading = termite.random() * 6.2831853f;
            termites_.push_back(termite);
        }
    }

    void wet(int x, int y) {
        for (int dy = -3; dy <= 3; dy++)
            for (int dx = -3; dx <= 3; dx++) trail_[at(x + dx, y + dy)] += 60;
    }

    void build() {
        crew_.each([this](int me) { wander(me); });
        crew_.each([this](int me) { spread(me); });
        trail_.swap(next_);
    }

    // How many points carry so much that they belong to a gallery.
    int galleries() const {
        return int(std::count_if(trail_.begin(), trail_.end(), [](float trail) { return trail > 1.5f; }));
    }

    void picture(const std::string& name) const {
        std::vector<char> grey(trail_.size());
        std::transform(trail_.begin(), trail_.end(), grey.begin(), [](float t) { return char(std::min(255.f, t * 40)); });
        std::ofstream out(name, std::ios::binary);
        out << "P5 " << kSide << ' ' << kSide << " 255\n";
        out.write(grey.data(), std::streamsize(grey.size()));
    }

  private:
    static int at(int x, int y) { return (y & (kSide - 1)) * kSide + (x & (kSide - 1)); }

    float smell(const Termite& termite, float turn) const {
        float way = termite.heading + turn;
        return trail_[at(int(termite.x + 6 * std::cos(way)), int(termite.y + 6 * std::sin(way)))];
    }

    void wander(int me) {
        std::vector<float>& laid = laid_[me];
        size_t from = termites_.size() * me / crew_.size(), to = termites_.size() * (me + 1) / crew_.size();
        for (size_t i = from; i < to; i++) {
            Termite& termite = termites_[i];
            float ahead = smell(termite, 0), left = smell(termite, 0.6f), right = smell(termite, -0.6f);
            if (left > ahead || right > ahead) termite.heading += left > right ? 0.5f : -0.5f;
            termite.heading += (termite.random() - 0.5f) * 0.3f;
            termite.x += std::cos(termite.heading) + kSide;
            termite.y += std::sin(termite.heading) + kSide;
            if (termite.x >= kSide) termite.x -= kSide;
            if (termite.y >= kSide) termite.y -= kSide;
            laid[at(int(termite.x), int(termite.y))] += 0.7f;
        }
    }

    // Adds what was laid, and lets it spread and fade; each of the crew does a band of rows.
    void spread(int me) {
        int from = kSide * me / crew_.size(), to = kSide * (me + 1) / crew_.size();
        for (int y = from; y < to; y++) {
            const float *above = &trail_[at(0, y - 1)], *row = &trail_[at(0, y)], *below = &trail_[at(0, y + 1)];
            float* out = &next_[at(0, y)];
            for (int x = 0; x < kSide; x++) {
                int w = (x - 1) & (kSide - 1), e = (x + 1) & (kSide - 1);
                float near = above[x] + below[x] + row[w] + row[e];
                out[x] = 0.93f * (0.6f * row[x] + 0.1f * near);
            }
            for (std::vector<float>& laid : laid_) {
                float* fresh = &laid[at(0, y)];
                for (int x = 0; x < kSide; x++) {
                    out[x] += fresh[x];
                    fresh[x] = 0;
                }
            }
        }
    }

    Crew& crew_;
    std::vector<float> trail_, next_;
    std::vector<std::vector<float>> laid_;  // by each of the crew, in this step
    std::vector<Termite> termites_;
};

// Serves the field station: a line "build X Y" each time.
void serve(int line, Mound& mound) {
    auto begun = Clock::now();
    bool ready = false;
    double spent = 0;
    std::string text;
    char heard[512];
    for (long done = 0;;) {
        ssize_t size = recv(line, heard, sizeof heard, 0);
        if (size <= 0) throw std::runtime_error("the station hung up");
        text.append(heard, size_t(size));
        for (size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
            int x, y;
            if (std::sscanf(text.c_str(), "build %d %d", &x, &y) != 2) throw std::runtime_error("cannot read " + text);
            auto began = Clock::now();
            mound.wet(x, y);
            for (int i = 0; i < kSteps; i++) mound.build();
            std::string answer = "galleries " + std::to_string(mound.galleries()) + "\n";
            send(line, answer.data(), answer.size(), MSG_NOSIGNAL);
            spent += std::chrono::duration<double, std::milli>(Clock::now() - began).count();
            if (++done % 25 == 0) mound.picture("mound.pgm");
            if (done % 50 == 0) std::fprintf(stderr, "%ld bursts of %.1f ms, %s", done, spent / done, answer.c_str());
        }
        if (!ready && Clock::now() - begun > 2s) {
            std::printf("ready %d\n", getpid());
            std::fflush(stdout);
            ready = true;
        }
    }
}

// The field station, a process of its own.
int station(int port) {
    int line = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(line, reinterpret_cast<sockaddr*>(&to), sizeof to)) return 1;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    auto due = Clock::now();
    for (int turn = 0;; turn++) {
        std::string asked = "build " + std::to_string(turn * 83 % kSide) + " " + std::to_string(turn * 47 % kSide) + "\n";
        if (send(line, asked.data(), asked.size(), MSG_NOSIGNAL) != ssize_t(asked.size())) return 1;
        char heard[512];
        while (recv(line, heard, sizeof heard, MSG_DONTWAIT) > 0) continue;
        due += std::chrono::microseconds(long(1e6 / kPerSecond));
        std::this_thread::sleep_until(due);
    }
}

int connect_station() {
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(door, reinterpret_cast<sockaddr*>(&at), size) || listen(door, 1)) throw std::runtime_error("listen");
    getsockname(door, reinterpret_cast<sockaddr*>(&at), &size);
    char self[3000];
    std::string name(self, size_t(std::max<ssize_t>(0, readlink("/proc/self/exe", self, sizeof self))));
    std::string command = "'" + name + "' station " + std::to_string(ntohs(at.sin_port)) + " >/dev/null 2>&1 &";
    if (std::system(command.c_str())) throw std::runtime_error("cannot start the station");
    int line = accept4(door, nullptr, nullptr, SOCK_CLOEXEC);
    close(door);
    if (line < 0) throw std::runtime_error("accept");
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return line;
}

int main(int argc, char** argv) {
    if (argc == 3 && !std::strcmp(argv[1], "station")) return station(std::atoi(argv[2]));
    try {
        Crew crew(kCrew);
        Mound mound(crew);
        serve(connect_station(), mound);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
