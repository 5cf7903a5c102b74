// expect: healthy bench
// Tests hourglasses before they are sold: scales weigh the lower bulb while the sand runs, and send the record of each
// run; the bench looks where the flow falters against what is usual around that moment, and sorts the glass.
//
// Measured: 50 runs a second; CPU 51 % of a core, in the twin 1 %.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

struct RunHeader {
    uint32_t glass;
    uint32_t samples;
    float rate;  // samples a second
    uint32_t reserved;
};

enum class Grade : uint32_t { fine, second, clogging };

struct Verdict {
    uint32_t glass;
    Grade grade;
    uint32_t clogs;
    float seconds;
};

struct Clog {
    size_t begin, end;
    float deepest;
};

struct Local {
    float mean, deviation;
};

class Run {
public:
    Run(const RunHeader& header, std::vector<float> grams) : header_(header), grams_(std::move(grams)) {}

    uint32_t glass() const { return header_.glass; }
    float rate() const { return header_.rate; }
    const std::vector<float>& grams() const { return grams_; }
    float duration() const {
        float full = grams_.back() - 0.01f;
        auto done = std::lower_bound(grams_.begin(), grams_.end(), full);
        return float(done - grams_.begin()) / header_.rate;
    }

private:
    RunHeader header_;
    std::vector<float> grams_;
};

// How fast the sand runs at each sample, over a short base so that the scale's noise is not all there is.
std::vector<float> flow_of(const Run& run, size_t base) {
    const std::vector<float>& grams = run.grams();
    std::vector<float> flow(grams.size());
    for (size_t i = 0; i < grams.size(); ++i) {
        size_t low = i < base ? 0 : i - base, high = std::min(i + base, grams.size() - 1);
        flow[i] = (grams[high] - grams[low]) * run.rate() / float(high - low);
    }
    return flow;
}

// What is usual around each sample: the mean and the deviation of the flow up to ``reach`` samples before and after.
std::vector<Local> surroundings(const std::vector<float>& flow, size_t reach) {
    std::vector<Local> usual(flow.size());
    double sum = 0, squares = 0;
    for (size_t i = 0, low = 0, high = 0; i < flow.size(); ++i) {
        for (; high < std::min(i + reach + 1, flow.size()); ++high) {
            sum += flow[high];
            squares += double(flow[high]) * flow[high];
        }
        for (; low + reach < i; ++low) {
            sum -= flow[low];
            squares -= double(flow[low]) * flow[low];
        }
        double number = double(high - low), mean = sum / number;
        usual[i] = {float(mean), float(std::sqrt(std::max(0.0, squares / number - mean * mean)))};
    }
    return usual;
}

std::vector<Clog> clogs_in(const std::vector<float>& flow, const std::vector<Local>& usual, float depth) {
    std::vector<Clog> clogs;
    bool within = false;
    for (size_t i = 0; i < flow.size(); ++i) {
        float below = usual[i].mean - flow[i];
        bool falters = below > depth * usual[i].deviation && below > 0.05f * usual[i].mean;
        if (falters && !within) clogs.push_back({i, i + 1, below});
        if (falters) {
            clogs.back().end = i + 1;
            clogs.back().deepest = std::max(clogs.back().deepest, below);
        }
        within = falters;
    }
    return clogs;
}

class Bench {
public:
    Bench(float seconds_around, float depth) : around_(seconds_around), depth_(depth) {}

    Verdict test(const Run& run) {
        std::vector<float> flow = flow_of(run, 6);
        std::vector<Local> usual = surroundings(flow, size_t(around_ * run.rate()));
        std::vector<Clog> clogs = clogs_in(flow, usual, depth_);
        size_t lasting = 0;
        for (const Clog& clog : clogs)
            if (float(clog.end - clog.begin) > 0.02f * run.rate()) ++lasting;
        Grade grade = lasting == 0 ? Grade::fine : lasting < 4 ? Grade::second : Grade::clogging;
        ++grades_[grade];
        ++tested_;
        return {run.glass(), grade, uint32_t(clogs.size()), run.duration()};
    }
    void report() const {
        std::fprintf(stderr, "%zu tested", tested_);
        for (const auto& [grade, number] : grades_) std::fprintf(stderr, ", %zu of grade %u", number, unsigned(grade));
        std::fputc('\n', stderr);
    }
    size_t tested() const { return tested_; }

private:
    float around_, depth_;
    size_t tested_ = 0;
    std::map<Grade, size_t> grades_;
};

bool read_all(int line, void* into, size_t size) {
    return recv(line, into, size, MSG_WAITALL) == ssize_t(size);
}

bool send_all(int line, const void* from, size_t size) {
    for (auto at = static_cast<const char*>(from); size;) {
        ssize_t sent = send(line, at, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += sent;
        size -= size_t(sent);
    }
    return true;
}

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in local(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// The scales, in a process of their own: they send one of a few recorded runs, again and again.
int scales(uint16_t port, unsigned a_second) {
    std::mt19937 random(1729);
    std::normal_distribution<float> noise(0, 0.002f);
    std::vector<std::vector<float>> records(8, std::vector<float>(16000));
    for (auto& grams : records) {
        float weight = 0, factor = 1;
        for (float& now : grams) {
            if (random() % 3000 == 0) factor = 0.3f;
            if (factor < 1 && random() % 40 == 0) factor = 1;
            weight += 0.01f * factor;
            now = weight + noise(random);
        }
    }
    int line = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = local(port);
    if (connect(line, reinterpret_cast<sockaddr*>(&address), sizeof address)) return 1;
    int on = 1;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto due = std::chrono::steady_clock::now();
    Verdict verdict;
    for (uint32_t glass = 1;; ++glass) {
        const std::vector<float>& grams = records[glass % records.size()];
        RunHeader header{glass, uint32_t(grams.size()), 200, 0};
        if (!send_all(line, &header, sizeof header) || !send_all(line, grams.data(), grams.size() * sizeof(float)) ||
            !read_all(line, &verdict, sizeof verdict))
            return 0;
        due += std::chrono::microseconds(1000000 / a_second);
        std::this_thread::sleep_until(due);
    }
}

void start_scales(uint16_t port) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length < 0) fail("readlink");
    std::string command = "'" + std::string(self, size_t(length)) + "' scales " + std::to_string(port);
    if (std::system((command + " </dev/null >/dev/null 2>&1 &").c_str())) fail("system");
}

int main(int count, char** words) {
    if (count == 3 && words[1] == std::string("scales")) return scales(uint16_t(std::atoi(words[2])), 50);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = local(0);
    socklen_t size = sizeof address;
    if (bind(door, reinterpret_cast<sockaddr*>(&address), size) || listen(door, 4)) fail("listen");
    if (getsockname(door, reinterpret_cast<sockaddr*>(&address), &size)) fail("getsockname");
    start_scales(ntohs(address.sin_port));
    int line = accept(door, nullptr, nullptr);
    int on = 1;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

    Bench bench(2.5f, 2.5f);
    RunHeader header;
    std::vector<float> grams;
    while (read_all(line, &header, sizeof header)) {
        if (header.samples < 16 || header.samples > 1000000) fail("not a run");
        grams.resize(header.samples);
        if (!read_all(line, grams.data(), grams.size() * sizeof(float))) break;
        Verdict verdict = bench.test(Run(header, std::move(grams)));
        grams = {};
        if (!send_all(line, &verdict, sizeof verdict)) break;
        if (bench.tested() == 30) {
            std::printf("ready %d\n", int(getpid()));
            std::fflush(stdout);
        }
        if (bench.tested() % 200 == 0) bench.report();
    }
    return 0;
}
