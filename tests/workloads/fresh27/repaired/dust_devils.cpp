// expect: healthy bench
// Dust devil simulation for a rover's planners: dust grains are carried by the wind of a few whirls over a plain, and
// twenty times a second the operators' display gets a new state; a line a second goes to a file.
//
// Measured: 0.36-0.37 of a core as it was, 0.11-0.12 mended, at the same 20 steps a second.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr int NX = 48, NY = 48, NZ = 20;
constexpr int GRAINS = 90000;
constexpr double STEP = 0.05;
constexpr int STEPS_A_SECOND = 20;
constexpr double GRAVITY = 0.35;

struct Wind {
    float x, y, z;
};

struct Grain {
    float x, y, z;
    float size;
};

struct Whirl {
    double x, y, drift_x, drift_y, strength, radius;
};

struct Node {
    int index;
    double weight;
};

// The wind at the nodes of a grid, with whirls that move over it.
class Field {
public:
    explicit Field(std::mt19937 &random) : wind_(NX * NY * NZ) {
        std::uniform_real_distribution<double> place(10, 38), drift(-0.6, 0.6), strength(3, 7), radius(2, 5);
        for (int i = 0; i < 4; i++)
            whirls_.push_back({place(random), place(random), drift(random), drift(random), strength(random), radius(random)});
    }

    void move() {
        for (auto &whirl : whirls_) {
            whirl.x += whirl.drift_x * STEP;
            whirl.y += whirl.drift_y * STEP;
            if (whirl.x < 4 || whirl.x > NX - 4) whirl.drift_x = -whirl.drift_x;
            if (whirl.y < 4 || whirl.y > NY - 4) whirl.drift_y = -whirl.drift_y;
        }
    }

    // A slice of the grid is made anew with each step: all of it every NZ steps.
    void blow(int k) {
        for (int j = 0; j < NY; j++)
            for (int i = 0; i < NX; i++) {
                double x = 0.4, y = 0.1, z = 0;
                for (const auto &whirl : whirls_) {
                    double dx = i - whirl.x, dy = j - whirl.y;
                    double r2 = (dx * dx + dy * dy) / (whirl.radius * whirl.radius);
                    double turn = whirl.strength / (1 + r2);
                    x -= turn * dy / whirl.radius;
                    y += turn * dx / whirl.radius;
                    z += turn * 0.5 / (1 + r2) * (1 - double(k) / NZ);
                }
                wind_[index(i, j, k)] = {float(x), float(y), float(z)};
            }
    }

    // The nodes round a place, with their weights there.
    static std::array<Node, 8> around(double x, double y, double z) {
        std::array<Node, 8> nodes;
        int i = std::clamp(int(x), 0, NX - 2), j = std::clamp(int(y), 0, NY - 2), k = std::clamp(int(z), 0, NZ - 2);
        double fx = x - i, fy = y - j, fz = z - k;
        for (int c = 0; c < 8; c++) {
            int a = c & 1, b = c >> 1 & 1, d = c >> 2;
            double weight = (a ? fx : 1 - fx) * (b ? fy : 1 - fy) * (d ? fz : 1 - fz);
            nodes[c] = {index(i + a, j + b, k + d), weight};
        }
        return nodes;
    }

    std::array<double, 3> at(double x, double y, double z) const {
        std::array<double, 3> sum{};
        for (const Node &node : around(x, y, z)) {
            const Wind &wind = wind_[node.index];
            sum[0] += wind.x * node.weight;
            sum[1] += wind.y * node.weight;
            sum[2] += wind.z * node.weight;
        }
        return sum;
    }

private:
    static int index(int i, int j, int k) { return (k * NY + j) * NX + i; }

    std::vector<Wind> wind_;
    std::vector<Whirl> whirls_;
};

class Plain {
public:
    Plain() : random_(7), field_(random_), density_(NX * NY) {
        for (int k = 0; k < NZ; k++) field_.blow(k);
        grains_.reserve(GRAINS);
        for (int i = 0; i < GRAINS; i++) grains_.push_back(fresh());
    }

    void step() {
        field_.move();
        field_.blow(steps_++ % NZ);
        for (Grain &grain : grains_) carry(grain);
        count();
    }

    // How high the dust goes, how many grains fly, and the thickest column.
    void report(std::FILE *out) const {
        double top = 0;
        long flying = 0;
        for (const Grain &grain : grains_) {
            top = std::max<double>(top, grain.z);
            flying += grain.z > 0.5f;
        }
        std::fprintf(out, "%ld %.2f %ld %d\n", steps_, top, flying, *std::max_element(density_.begin(), density_.end()));
        std::fflush(out);
    }

private:
    Grain fresh() {
        std::uniform_real_distribution<float> side(1, NX - 2), size(0.3f, 1.5f);
        return {side(random_), side(random_), 0.0f, size(random_)};
    }

    // Half a step on to find the wind there, and a whole step with that.
    void carry(Grain &grain) {
        auto here = field_.at(grain.x, grain.y, grain.z);
        double half = STEP / 2, fall = GRAVITY * grain.size;
        auto there = field_.at(grain.x + here[0] * half, grain.y + here[1] * half,
                               std::max(0.0, grain.z + (here[2] - fall) * half));
        grain.x += float(there[0] * STEP);
        grain.y += float(there[1] * STEP);
        grain.z = std::max(0.0f, grain.z + float((there[2] - fall) * STEP));
        if (grain.x < 0 || grain.x >= NX - 1 || grain.y < 0 || grain.y >= NY - 1 || grain.z >= NZ - 1) grain = fresh();
    }

    void count() {
        std::fill(density_.begin(), density_.end(), 0);
        for (const Grain &grain : grains_)
            if (grain.z > 0.5f) density_[int(grain.y) * NX + int(grain.x)]++;
    }

    std::mt19937 random_;
    Field field_;
    std::vector<int> density_;
    std::vector<Grain> grains_;
    long steps_ = 0;
};

}  // namespace

int main() {
    std::FILE *out = std::fopen("plain.txt", "w");
    if (!out) return 1;
    Plain plain;
    plain.step();
    std::printf("ready %d\n", int(getpid()));
    std::fflush(stdout);
    auto due = std::chrono::steady_clock::now();
    for (long steps = 1;; steps++) {
        plain.step();
        if (steps % STEPS_A_SECOND == 0) plain.report(out);
        due = std::max(due + std::chrono::milliseconds(1000 / STEPS_A_SECOND),
                       std::chrono::steady_clock::now() - std::chrono::seconds(1));
        std::this_thread::sleep_until(due);
    }
}
