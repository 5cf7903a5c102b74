// bench: healthy
// Works out how orb webs tremble: a spider tells by the tremor where a fly has struck. Round after round, two workers
// let flies strike webs of different shapes, follow the threads for half a second of the web's time, and note at
// the hub which spoke trembled first; the shares of right guesses go to a table. A round begins each 150 ms.
//
// Measured: 21 % of a core; a round takes 41 ms (beside other programs).
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

constexpr int kSpokes = 24, kRings = 16, kKnots = kSpokes * kRings + 1, kWebs = 8, kSteps = 3200, kWorkers = 2;
constexpr float kDamping = 0.998f;

// A web: knots on spokes and rings, and the threads between them.
class Web {
public:
    explicit Web(unsigned seed) : dice_(seed) {
        std::uniform_real_distribution<float> tension(0.04f, 0.09f);
        for (int spoke = 0; spoke < kSpokes; spoke++)
            for (int ring = 0; ring < kRings; ring++) {
                connect(knot(spoke, ring), ring ? knot(spoke, ring - 1) : kKnots - 1, 2 * tension(dice_));
                connect(knot(spoke, ring), knot((spoke + 1) % kSpokes, ring), tension(dice_) * 0.4f);
            }
    }

    // Let a fly strike; whether the spoke that trembles first at the hub is the right one, or beside it.
    bool strike() {
        place_.fill(0);
        speed_.fill(0);
        const int spoke = static_cast<int>(dice_() % kSpokes), ring = 3 + static_cast<int>(dice_() % (kRings - 3));
        speed_[knot(spoke, ring)] = 1;
        std::array<float, kSpokes> felt{};
        for (int step = 0; step < kSteps; step++) {
            move();
            const float weight = static_cast<float>(kSteps - step);
            for (int i = 0; i < kSpokes; i++) felt[i] += std::fabs(place_[knot(i, 0)]) * weight;
        }
        int strongest = 0;
        for (int i = 1; i < kSpokes; i++)
            if (felt[i] > felt[strongest]) strongest = i;
        const int apart = std::abs(strongest - spoke);
        return apart <= 1 || apart == kSpokes - 1;
    }

private:
    struct Thread {
        int one, two;
        float tension;
    };

    static int knot(int spoke, int ring) { return spoke * kRings + ring; }
    void connect(int one, int two, float tension) { threads_.push_back(Thread{one, two, tension}); }

    void move() {
        for (const Thread &thread : threads_) {
            const float pull = (place_[thread.two] - place_[thread.one]) * thread.tension;
            speed_[thread.one] += pull;
            speed_[thread.two] -= pull;
        }
        for (int i = 0; i < kKnots; i++) {
            speed_[i] *= kDamping;
            place_[i] += speed_[i];
        }
        for (int spoke = 0; spoke < kSpokes; spoke++) place_[knot(spoke, kRings - 1)] = 0;
    }

    std::minstd_rand dice_;
    std::vector<Thread> threads_;
    std::array<float, kKnots> place_{}, speed_{};
};

// Workers that stay, and do a round when they are told.
class Workers {
public:
    explicit Workers(std::vector<Web> &webs) : webs_(webs), right_(webs.size()) {
        for (int i = 0; i < kWorkers; i++) threads_.emplace_back([this, i] { work(i); });
    }
    ~Workers() {
        {
            std::lock_guard<std::mutex> held(lock_);
            over_ = true;
        }
        begin_.notify_all();
        for (auto &thread : threads_) thread.join();
    }

    const std::vector<unsigned> &round() {
        std::unique_lock<std::mutex> held(lock_);
        round_++;
        busy_ = kWorkers;
        begin_.notify_all();
        done_.wait(held, [this] { return busy_ == 0; });
        return right_;
    }

private:
    void work(int number) {
        unsigned seen = 0;
        std::unique_lock<std::mutex> held(lock_);
        for (;;) {
            begin_.wait(held, [&] { return over_ || round_ != seen; });
            if (over_) return;
            seen = round_;
            held.unlock();
            for (size_t web = static_cast<size_t>(number); web < webs_.size(); web += kWorkers)
                right_[web] += webs_[web].strike();
            held.lock();
            if (--busy_ == 0) done_.notify_one();
        }
    }

    std::vector<Web> &webs_;
    std::vector<unsigned> right_;
    std::vector<std::thread> threads_;
    std::mutex lock_;
    std::condition_variable begin_, done_;
    unsigned round_ = 0;
    int busy_ = 0;
    bool over_ = false;
};

int main() {
    std::vector<Web> webs;
    for (unsigned i = 0; i < kWebs; i++) webs.emplace_back(1000 + i);
    Workers workers(webs);
    std::ofstream table("spiders.csv");
    auto due = std::chrono::steady_clock::now();
    double spent = 0;
    for (unsigned round = 1;; round++) {
        const auto began = std::chrono::steady_clock::now();
        const auto &right = workers.round();
        spent += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        table << round;
        for (unsigned count : right) table << ',' << static_cast<float>(count) / static_cast<float>(round);
        table << '\n';
        if (round == 10) {
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
        }
        if (round % 40 == 0) {
            table.flush();
            std::fprintf(stderr, "%u rounds, %.1f ms each\n", round, spent / round * 1e3);
        }
        if (round % 20000 == 0) {
            table.close();
            table.open("spiders.csv");
        }
        due += std::chrono::milliseconds(150);
        std::this_thread::sleep_until(due);
    }
}
