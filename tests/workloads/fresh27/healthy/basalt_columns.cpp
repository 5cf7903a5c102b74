// expect: healthy bench
// Basalt column model: a lava sheet cools from above and below, and cracks where the cooling stress is largest. A batch
// simulation that keeps one core busy: a seven-point stencil over two buffers that change places, row by row in the
// order of memory, in single precision; a summary line goes to a file every 50 steps.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

namespace {

constexpr int NX = 160, NY = 160, NZ = 48;
constexpr int ROW = NX + 2, SLAB = (NX + 2) * (NY + 2);
constexpr float MELT = 1150.0f, AIR = 20.0f, GROUND = 60.0f;
constexpr float SPREAD = 0.14f;
constexpr int STEPS_A_REPORT = 50;
constexpr int STEPS_A_RUN = 4000;

// A block of cells with one more on each side.
class Block {
public:
    explicit Block(float value) : cells_(std::size_t(SLAB) * (NZ + 2), value) {}

    float *row(int y, int z) { return cells_.data() + std::size_t(z) * SLAB + std::size_t(y) * ROW; }
    const float *row(int y, int z) const { return cells_.data() + std::size_t(z) * SLAB + std::size_t(y) * ROW; }
    float *slab(int z) { return cells_.data() + std::size_t(z) * SLAB; }
    void fill(float value) { std::fill(cells_.begin(), cells_.end(), value); }
    void swap(Block &other) { cells_.swap(other.cells_); }

private:
    std::vector<float> cells_;
};

struct Summary {
    double mean = 0;
    float hottest = 0;
    long solid = 0;
};

class Sheet {
public:
    explicit Sheet(unsigned seed) : random_(seed), now_(MELT), next_(MELT), flaws_(1.0f) { pour(); }

    // Start anew: melt everywhere, and rock that conducts a little differently from cell to cell.
    void pour() {
        std::uniform_real_distribution<float> flaw(0.9f, 1.1f);
        now_.fill(MELT);
        next_.fill(MELT);
        for (int z = 1; z <= NZ; z++)
            for (int y = 1; y <= NY; y++) {
                float *flaws = flaws_.row(y, z);
                for (int x = 1; x <= NX; x++) flaws[x] = SPREAD * flaw(random_);
            }
        steps_ = 0;
    }

    void step() {
        close_sides();
        for (int z = 1; z <= NZ; z++)
            for (int y = 1; y <= NY; y++) {
                diffuse(now_.row(y, z), now_.row(y - 1, z), now_.row(y + 1, z), now_.row(y, z - 1), now_.row(y, z + 1),
                        flaws_.row(y, z), next_.row(y, z));
            }
        now_.swap(next_);
        steps_++;
    }

    Summary look() const {
        Summary seen;
        for (int z = 1; z <= NZ; z++)
            for (int y = 1; y <= NY; y++) {
                const float *row = now_.row(y, z);
                float sum = 0;
                for (int x = 1; x <= NX; x++) {
                    sum += row[x];
                    seen.hottest = std::max(seen.hottest, row[x]);
                    seen.solid += row[x] < 900.0f;
                }
                seen.mean += sum;
            }
        seen.mean /= double(NX) * NY * NZ;
        return seen;
    }

    long steps() const { return steps_; }

private:
    static void diffuse(const float *__restrict here, const float *__restrict back, const float *__restrict front,
                        const float *__restrict below, const float *__restrict above, const float *__restrict flaws,
                        float *__restrict out) {
        for (int x = 1; x <= NX; x++) {
            float round = here[x - 1] + here[x + 1] + back[x] + front[x] + below[x] + above[x];
            out[x] = here[x] + flaws[x] * (round - 6.0f * here[x]);
        }
    }

    // No heat leaves sideways; air above and ground below take it away.
    void close_sides() {
        for (int z = 1; z <= NZ; z++) {
            for (int y = 1; y <= NY; y++) {
                float *row = now_.row(y, z);
                row[0] = row[1];
                row[NX + 1] = row[NX];
            }
            std::copy_n(now_.row(1, z), ROW, now_.row(0, z));
            std::copy_n(now_.row(NY, z), ROW, now_.row(NY + 1, z));
        }
        std::fill_n(now_.slab(0), SLAB, GROUND);
        std::fill_n(now_.slab(NZ + 1), SLAB, AIR);
    }

    std::mt19937 random_;
    Block now_, next_, flaws_;
    long steps_ = 0;
};

}  // namespace

int main() {
    std::FILE *out = std::fopen("cooling.txt", "w");
    if (!out) return 1;
    Sheet sheet(23);
    for (int i = 0; i < 5; i++) sheet.step();
    std::printf("ready %d\n", int(getpid()));
    std::fflush(stdout);
    for (;;) {
        sheet.step();
        if (sheet.steps() % STEPS_A_REPORT == 0) {
            Summary seen = sheet.look();
            std::fprintf(out, "%ld %.3f %.2f %ld\n", sheet.steps(), seen.mean, seen.hottest, seen.solid);
        }
        if (sheet.steps() == STEPS_A_RUN) {
            std::fflush(out);
            sheet.pour();
        }
    }
}
