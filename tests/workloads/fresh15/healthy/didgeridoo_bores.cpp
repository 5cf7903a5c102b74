// expect: healthy bench
// Works out how didgeridoos would sound: for each bore that a maker proposes, the input impedance over 480
// frequencies, by transmission matrices of its 90 short tubes with the losses at the wall. Each tube has its own
// length and radius, and the losses depend on both radius and frequency: so nothing of it can be kept, and the
// arithmetic is what the program is for. What a job needs is taken from an arena that it keeps; a worker looks for
// work a moment before it goes to sleep.
//
// Measured: 167 bores a second; CPU 0.24 cores, all of it arithmetic.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <memory_resource>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr int kTubes = 90, kFrequencies = 480, kQueue = 16;
constexpr auto kPeriod = std::chrono::milliseconds(6);
constexpr double kSound = 345.0, kDensity = 1.2, kPi = 3.14159265358979;
using Complex = std::complex<double>;

struct Tube {
    double length, radius;
};

struct Bore {
    int maker = 0;
    std::array<Tube, kTubes> tubes{};
};

struct Peak {
    double hertz, megaohms;
};

struct Sound {
    std::array<Peak, 6> peaks{};
    int count = 0;
};

// The product without the cases for infinities, which do not come up here.
Complex times(Complex a, Complex b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

Complex over(Complex a, Complex b) {
    double norm = b.real() * b.real() + b.imag() * b.imag();
    Complex above = times(a, std::conj(b));
    return {above.real() / norm, above.imag() / norm};
}

// What one tube makes of the impedance at its far end.
Complex through(const Tube& tube, double hertz, double root, Complex far) {
    double area = kPi * tube.radius * tube.radius;
    double loss = 3e-5 * root / tube.radius;
    Complex gamma{loss, 2 * kPi * hertz / kSound + loss};
    Complex z = {kDensity * kSound / area, -0.37 * kDensity * kSound / area * loss};
    double a = gamma.real() * tube.length, b = gamma.imag() * tube.length;
    double up = std::exp(a), down = 1 / up, s = std::sin(b), c = std::cos(b);
    Complex cosh{(up + down) / 2 * c, (up - down) / 2 * s}, sinh{(up - down) / 2 * c, (up + down) / 2 * s};
    return times(z, over(times(far, cosh) + times(z, sinh), times(far, sinh) + times(z, cosh)));
}

Complex impedance(const Bore& bore, double hertz) {
    double root = std::sqrt(hertz), end = bore.tubes.back().radius;
    double k = 2 * kPi * hertz / kSound, z = kDensity * kSound / (kPi * end * end);
    Complex at{z * k * k * end * end / 4, z * 0.61 * k * end};
    for (int i = kTubes - 1; i >= 0; --i) at = through(bore.tubes[static_cast<std::size_t>(i)], hertz, root, at);
    return at;
}

Sound listen(const Bore& bore, std::pmr::memory_resource* arena) {
    std::pmr::vector<double> curve(arena);
    std::pmr::vector<Peak> peaks(arena);
    curve.reserve(kFrequencies);
    for (int i = 0; i < kFrequencies; ++i) curve.push_back(std::abs(impedance(bore, 30 + 2.0 * i)) / 1e6);
    for (std::size_t i = 1; i + 1 < curve.size(); ++i)
        if (curve[i] > curve[i - 1] && curve[i] >= curve[i + 1])
            peaks.push_back({30 + 2.0 * static_cast<double>(i), curve[i]});
    Sound sound;
    for (const Peak& peak : peaks)
        if (sound.count < 6) sound.peaks[static_cast<std::size_t>(sound.count++)] = peak;
    return sound;
}

class Workshop {
public:
    void propose(const Bore& bore) {
        {
            std::unique_lock<std::mutex> hold(lock_);
            room_.wait(hold, [this] { return last_ - first_ < kQueue; });
            queue_[last_ % kQueue] = bore;
            ++last_;
            waiting_.fetch_add(1, std::memory_order_release);
        }
        proposed_.notify_one();
    }

    void work() {
        std::array<std::byte, 16384> space;
        for (;;) {
            std::pmr::monotonic_buffer_resource arena(space.data(), space.size());
            Bore bore = next();
            Sound sound = listen(bore, &arena);
            std::lock_guard<std::mutex> hold(lock_);
            sounds_[static_cast<std::size_t>(bore.maker)] = sound;
            ++done;
        }
    }

    Sound last(std::size_t maker) {
        std::lock_guard<std::mutex> hold(lock_);
        return sounds_[maker];
    }

    std::atomic<long> done{0};

private:
    Bore next() {
        for (int look = 0; look < 50 && waiting_.load(std::memory_order_acquire) == 0; ++look) {
        }
        std::unique_lock<std::mutex> hold(lock_);
        proposed_.wait(hold, [this] { return first_ != last_; });
        Bore bore = queue_[first_ % kQueue];
        ++first_;
        waiting_.fetch_sub(1, std::memory_order_relaxed);
        room_.notify_one();
        return bore;
    }

    std::mutex lock_;
    std::condition_variable proposed_, room_;
    std::array<Bore, kQueue> queue_;
    std::size_t first_ = 0, last_ = 0;
    std::atomic<int> waiting_{0};
    std::array<Sound, 4> sounds_{};
};

// The load: four makers propose bores, each a little other than the last.
void makers(Workshop& workshop) {
    std::mt19937 random(2);
    std::uniform_real_distribution<double> any(-1, 1);
    auto next = std::chrono::steady_clock::now();
    for (int turn = 0;; ++turn) {
        next += kPeriod;
        std::this_thread::sleep_until(next);
        Bore bore;
        bore.maker = turn % 4;
        double radius = 0.015 + 0.002 * any(random);
        for (Tube& tube : bore.tubes) {
            tube = {0.016 + 0.002 * any(random), radius};
            radius = std::max(0.012, radius + 0.0003 + 0.0008 * any(random));
        }
        workshop.propose(bore);
    }
}

}  // namespace

int main() {
    static Workshop workshop;
    for (int i = 0; i < 2; ++i) std::thread(&Workshop::work, &workshop).detach();
    std::thread([] { makers(workshop); }).detach();
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        Sound sound = workshop.last(0);
        std::fprintf(stderr, "%ld bores; drone at %.0f Hz, first overtone at %.0f Hz\n", workshop.done.exchange(0),
                     sound.peaks[0].hertz, sound.peaks[1].hertz);
    }
}
