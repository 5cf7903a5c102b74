// expect: pattern=thread-churn bench
// Listens to lyrebirds: two arrays of sixteen microphones in the gullies of a forest send a frame each 4 ms by UDP; in
// each channel the program measures how strong the calls are that lyrebirds like to mimic (whipbird, kookaburra,
// camera shutter …), and keeps a list of the mimicries: which call, where, from when to when.
//
// Measured: 41 to 60 % of a core for 500 frames a second (8000 threads a second, 1.4 to 2 ms for a frame); in the
// twin 1.6 % (28 us for a frame).
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

constexpr int kArrays = 2, kMicrophones = 16, kSamples = 128, kCalls = 5;
constexpr double kRate = 32000.0;
constexpr size_t kKept = 400;

struct Call {
    const char *name;
    double hertz;
    float threshold;
};

const std::array<Call, kCalls> kKnown = {{{"whipbird", 2200, 0.02f},
                                          {"kookaburra", 900, 0.03f},
                                          {"currawong", 1500, 0.02f},
                                          {"camera shutter", 4100, 0.02f},
                                          {"chainsaw", 410, 0.05f}}};

struct Frame {
    uint32_t sequence;
    uint32_t array;
    int16_t channel[kMicrophones][kSamples];
};

struct Heard {
    int call = -1;
    float strength = 0;
};

// How strong one frequency is in the samples (Goertzel).
float strength_of(const int16_t *samples, double hertz) {
    const float turn = 2.0f * std::cos(static_cast<float>(2 * M_PI * hertz / kRate));
    float one = 0, two = 0;
    for (int i = 0; i < kSamples; i++) {
        const float next = samples[i] / 32768.0f + turn * one - two;
        two = one;
        one = next;
    }
    return (one * one + two * two - turn * one * two) / (kSamples * kSamples / 4.0f);
}

Heard listen_to(const int16_t *samples) {
    Heard heard;
    for (int call = 0; call < kCalls; call++) {
        const float strength = strength_of(samples, kKnown[call].hertz);
        if (strength > kKnown[call].threshold && strength > heard.strength) heard = Heard{call, strength};
    }
    return heard;
}

// The mimicries of both arrays, the latest four hundred of them.
class MimicryList {
public:
    struct Mimicry {
        int call;
        uint32_t array, from, to;
        float strongest;
    };

    void extend(uint32_t array, uint32_t sequence, const Heard &heard) {
        std::lock_guard<std::mutex> held(lock_);
        Mimicry &open = open_[array];
        if (open.call == heard.call) {
            open.to = sequence;
            open.strongest = std::max(open.strongest, heard.strength);
            return;
        }
        if (open.call >= 0) {
            done_.push_back(open);
            if (done_.size() > kKept) done_.pop_front();
        }
        open = Mimicry{heard.call, array, sequence, sequence, heard.strength};
    }

    void print(std::ostream &out) {
        std::lock_guard<std::mutex> held(lock_);
        for (const Mimicry &each : done_)
            out << kKnown[each.call].name << ' ' << each.array << ' ' << each.from << '-' << each.to << ' '
                << each.strongest << '\n';
    }

private:
    std::mutex lock_;
    std::array<Mimicry, kArrays> open_{{{-1, 0, 0, 0, 0}, {-1, 0, 0, 0, 0}}};
    std::deque<Mimicry> done_;
};

class Array {
public:
    Array(uint32_t number, MimicryList &list) : number_(number), list_(list), socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof here;
        if (socket_ < 0 || bind(socket_, reinterpret_cast<sockaddr *>(&here), size) ||
            getsockname(socket_, reinterpret_cast<sockaddr *>(&here), &size))
            throw std::runtime_error(std::string("array: ") + std::strerror(errno));
        port_ = ntohs(here.sin_port);
    }

    int port() const { return port_; }
    unsigned frames() const { return frames_; }
    unsigned lost() const { return lost_; }
    double spent() const { return spent_; }

    void follow() {
        Frame frame;
        uint32_t expected = 0;
        for (;;) {
            const ssize_t got = recv(socket_, &frame, sizeof frame, 0);
            if (got != static_cast<ssize_t>(sizeof frame) || frame.array != number_) continue;
            if (expected && frame.sequence > expected) lost_ += frame.sequence - expected;
            expected = frame.sequence + 1;
            const auto began = std::chrono::steady_clock::now();
            list_.extend(number_, frame.sequence, loudest(frame));
            spent_ = spent_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
            frames_++;
        }
    }

private:
    static Heard loudest(const Frame &frame) {
        std::vector<std::future<Heard>> channels;
        channels.reserve(kMicrophones);
        for (const auto &samples : frame.channel)
            channels.push_back(std::async(std::launch::async, listen_to, samples)); // <- cost
        Heard best;
        for (auto &channel : channels) {
            const Heard heard = channel.get(); // <- cost
            if (heard.strength > best.strength) best = heard;
        }
        return best;
    }

    uint32_t number_;
    MimicryList &list_;
    int socket_;
    int port_ = 0;
    std::atomic<unsigned> frames_{0}, lost_{0};
    std::atomic<double> spent_{0};
};

// The part of the forest: both arrays send, each 4 ms, what their microphones hear.
int forest(int first, int second) {
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in there[kArrays] = {};
    for (int i = 0; i < kArrays; i++) {
        there[i].sin_family = AF_INET;
        there[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        there[i].sin_port = htons(static_cast<uint16_t>(i ? second : first));
    }
    std::vector<Frame> tape(kCalls + 1);
    for (int call = 0; call <= kCalls; call++)
        for (int mic = 0; mic < kMicrophones; mic++)
            for (int i = 0; i < kSamples; i++) {
                const double tone = call < kCalls ? std::sin(2 * M_PI * kKnown[call].hertz * i / kRate) : 0;
                const double noise = (std::rand() % 2000 - 1000) / 1000.0;
                tape[call].channel[mic][i] = static_cast<int16_t>(12000 * tone * (1 + mic % 4) / 4 + 300 * noise);
            }
    auto due = std::chrono::steady_clock::now();
    for (uint32_t sequence = 1;; sequence++) {
        for (uint32_t array = 0; array < kArrays; array++) {
            Frame &frame = tape[(sequence / 80 + array * 3) % (kCalls + 1)];
            frame.sequence = sequence;
            frame.array = array;
            const auto *to = reinterpret_cast<const sockaddr *>(&there[array]);
            if (sendto(line, &frame, sizeof frame, 0, to, sizeof there[array]) < 0) return 1;
        }
        due += std::chrono::milliseconds(4);
        std::this_thread::sleep_until(due);
    }
}

int main(int count, char **words) {
    if (count == 4 && !std::strcmp(words[1], "forest")) return forest(std::atoi(words[2]), std::atoi(words[3]));
    MimicryList list;
    Array one(0, list), two(1, list);
    std::vector<std::thread> gullies;
    for (Array *array : {&one, &two}) gullies.emplace_back([array] { array->follow(); });
    const std::string start = "'" + std::string(words[0]) + "' forest " + std::to_string(one.port()) + " " +
                              std::to_string(two.port()) + " >/dev/null 2>&1 &";
    if (std::system(start.c_str())) return 1;
    while (one.frames() < 200) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(5));
        std::ofstream out("mimicries.txt");
        list.print(out);
        const unsigned frames = one.frames() + two.frames();
        std::fprintf(stderr, "%u frames, %u lost, %.0f us each\n", frames, one.lost() + two.lost(),
                     (one.spent() + two.spent()) * 1e6 / frames);
    }
}
