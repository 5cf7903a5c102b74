// expect: pattern=small-io bench
// Searches the beams of a radio telescope for single pulses: each block of a beam is dispersed back by some trial
// measures, smoothed by boxcars of several widths, and what stands out of the noise goes into the beam's candidate file.
// Measured: a round of five beams, 8,200 candidates, takes 7.1 ms of CPU; 3.3 ms in the twin.
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <unistd.h>

namespace {

constexpr int kSamples = 4096, kTrials = 6, kBeams = 5;
constexpr int kWidths[] = {1, 2, 4, 8};
constexpr double kThreshold = 1.9;
constexpr auto kBeat = std::chrono::milliseconds(30);
volatile std::sig_atomic_t ended = 0;

struct Candidate {
    long sample;
    int trial, hundredths, width;  // of the ratio of signal to noise
};

// A beam's data, as it comes from the correlator: noise, and now and then a pulse.
class Beam {
public:
    explicit Beam(int number) : number_(number), chance_(number) {}

    void next(std::vector<float> &block) {
        for (float &sample : block) sample = noise_(chance_);
        const int at = chance_() % (kSamples - 64);
        for (int n = 0; n < 8; n++) block[at + n] += 3;
        blocks_++;
    }

    int number() const { return number_; }
    long start() const { return blocks_ * kSamples; }

private:
    int number_;
    long blocks_ = 0;
    std::minstd_rand chance_;
    std::normal_distribution<float> noise_{0, 1};
};

// The file of a beam's candidates; it begins anew when it has grown long.
class CandidateFile {
public:
    CandidateFile(const std::string &folder, int beam) : path_(folder + "/beam" + std::to_string(beam) + ".cand") {
        open();
    }

    void write(const Candidate &found) {
        out_ << found.sample << ' ' << found.trial << ' ' << found.hundredths << ' ' << found.width << std::endl;  // <- cost
        lines_++;
    }

    void endBlock() {
        out_.flush();
        if (!out_) throw std::runtime_error("cannot write " + path_);
        if (lines_ > 200000) {
            out_.close();
            open();
        }
    }

private:
    void open() {
        out_.open(path_, std::ios::trunc);
        out_ << "# sample trial snr/100 width\n";
        lines_ = 0;
    }

    std::string path_;
    std::ofstream out_;
    long lines_ = 0;
};

// Shifts a block by the trial's delay, and weighs it.
void disperse(const std::vector<float> &block, int trial, std::vector<float> &out) {
    const int delay = 3 * trial;
    for (int at = 0; at < kSamples; at++) out[at] = block[at] + 0.2f * block[(at + delay) % kSamples];
}

class Search {
public:
    explicit Search(const std::string &folder) {
        for (int beam = 0; beam < kBeams; beam++) {
            beams_.emplace_back(beam);
            files_.emplace_back(folder, beam);
        }
    }

    void block(int beam) {
        beams_[beam].next(block_);
        for (int trial = 0; trial < kTrials; trial++) {
            disperse(block_, trial, shifted_);
            sum();
            for (int width : kWidths) boxcar(beam, trial, width);  // <- cost
        }
        files_[beam].endBlock();
    }

    void round() {
        for (int beam = 0; beam < kBeams; beam++) block(beam);  // <- cost
    }

    long found() const { return found_; }

private:
    void sum() {
        double total = 0;
        for (int at = 0; at < kSamples; at++) {
            sums_[at] = total;
            total += shifted_[at];
        }
        sums_[kSamples] = total;
    }

    void boxcar(int beam, int trial, int width) {
        const double scale = 1 / (1.02 * std::sqrt(width));
        for (int at = 0; at + width <= kSamples; at += width) {
            const double snr = (sums_[at + width] - sums_[at]) * scale;
            if (snr > kThreshold) {
                files_[beam].write({beams_[beam].start() + at, trial, int(100 * snr), width});  // <- cost
                found_++;
            }
        }
    }

    std::vector<Beam> beams_;
    std::vector<CandidateFile> files_;
    std::vector<float> block_ = std::vector<float>(kSamples), shifted_ = std::vector<float>(kSamples);
    std::vector<double> sums_ = std::vector<double>(kSamples + 1);
    long found_ = 0;
};

}  // namespace

int main() {
    std::signal(SIGTERM, [](int) { ended = 1; });
    std::signal(SIGINT, [](int) { ended = 1; });
    const char *base = std::getenv("TMPDIR");
    std::string folder = std::string(base ? base : "/tmp") + "/pulsesXXXXXX";
    if (!mkdtemp(folder.data())) {
        std::perror("mkdtemp");
        return 1;
    }
    Search search(folder);
    std::cout << "ready " << getpid() << std::endl;
    auto due = std::chrono::steady_clock::now();
    double spent = 0;
    long rounds = 0;
    while (!ended) {
        const auto began = std::chrono::steady_clock::now();
        search.round();  // <- cost
        spent += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
        if (++rounds % 50 == 0)
            std::cerr << rounds << " rounds, " << spent / rounds << " ms each, " << search.found() << " candidates\n";
        due += kBeat;
        std::this_thread::sleep_until(due);
    }
    for (int beam = 0; beam < kBeams; beam++) std::remove((folder + "/beam" + std::to_string(beam) + ".cand").c_str());
    rmdir(folder.c_str());
}
