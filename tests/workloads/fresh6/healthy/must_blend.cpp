/* expect: healthy bench */
// Looks for the blends of a winery: from the wines in its tanks the shares that come nearest to the style of each label,
// by annealing, one label after the other; the best ones are written down.
// Measured: one core, 14 ms for each label.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <random>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kTanks = 40;
constexpr int kTraits = 12; // alcohol, acids, tannin, colour, aromas …
constexpr int kSteps = 120000;
constexpr int kLabelsInFile = 200;

using Traits = std::array<double, kTraits>;
using Shares = std::array<double, kTanks>;

struct Tank {
    Traits traits;
    double litres;
    double price;
};

struct Label {
    int number;
    Traits style;
    Traits weight;
    double litres;
};

struct Blend {
    Shares shares;
    double misfit;
};

class Cellar {
public:
    explicit Cellar(std::mt19937_64 &chance)
    {
        std::normal_distribution<double> normal;
        std::uniform_real_distribution<double> between(0, 1);
        for (Tank &tank : tanks_) {
            for (double &trait : tank.traits)
                trait = normal(chance);
            tank.litres = 2000 + 18000 * between(chance);
            tank.price = 1.5 + 6 * between(chance);
        }
    }

    const Tank &tank(int number) const { return tanks_[static_cast<size_t>(number)]; }

    Label order(int number, std::mt19937_64 &chance) const
    {
        std::normal_distribution<double> normal(0, 0.5);
        std::uniform_real_distribution<double> between(0.2, 1);
        Label label{number, {}, {}, 1000 + 9000 * between(chance)};
        for (size_t trait = 0; trait < kTraits; trait++) {
            label.style[trait] = normal(chance);
            label.weight[trait] = between(chance);
        }
        return label;
    }

private:
    std::array<Tank, kTanks> tanks_;
};

/* Moves a share from one tank to another again and again, and takes back what makes it worse, less often while it is hot.
   The mixture is carried along, so that a step costs as much as there are traits. */
class Annealer {
public:
    Annealer(const Cellar &cellar, const Label &label, uint64_t seed) : cellar_(cellar), label_(label), chance_(seed)
    {
        blend_.shares.fill(1.0 / kTanks);
        for (int tank = 0; tank < kTanks; tank++)
            add(mixture_, tank, 1.0 / kTanks);
        blend_.misfit = misfit(mixture_);
        best_ = blend_;
    }

    Blend run()
    {
        double heat = 0.5;
        const double cooling = std::pow(0.0005 / heat, 1.0 / kSteps);
        for (int step = 0; step < kSteps; step++, heat *= cooling)
            move(heat);
        return best_;
    }

private:
    static constexpr double kPriceWeight = 0.02;

    void add(Traits &mixture, int tank, double share) const
    {
        const Traits &traits = cellar_.tank(tank).traits;
        for (size_t trait = 0; trait < kTraits; trait++)
            mixture[trait] += share * traits[trait];
    }

    double misfit(const Traits &mixture) const
    {
        double sum = 0;
        for (size_t trait = 0; trait < kTraits; trait++) {
            double off = mixture[trait] - label_.style[trait];
            sum += label_.weight[trait] * off * off;
        }
        return sum;
    }

    double uniform() { return static_cast<double>(chance_() >> 11) * 0x1p-53; }

    void move(double heat)
    {
        int from = static_cast<int>(uniform() * kTanks);
        int to = static_cast<int>(uniform() * kTanks);
        double &giver = blend_.shares[static_cast<size_t>(from)];
        double &taker = blend_.shares[static_cast<size_t>(to)];
        double most = std::min(giver, cellar_.tank(to).litres / label_.litres - taker);
        if (from == to || most <= 0)
            return;
        double share = most * uniform();
        Traits mixture = mixture_;
        add(mixture, from, -share);
        add(mixture, to, share);
        double dearer = kPriceWeight * share * (cellar_.tank(to).price - cellar_.tank(from).price);
        double then = misfit(mixture);
        double worse = then - blend_.misfit + dearer;
        if (worse > 0 && uniform() >= std::exp(-worse / heat))
            return;
        giver -= share;
        taker += share;
        mixture_ = mixture;
        blend_.misfit = then;
        if (then < best_.misfit)
            best_ = blend_;
    }

    const Cellar &cellar_;
    const Label &label_;
    std::mt19937_64 chance_;
    Traits mixture_{};
    Blend blend_{};
    Blend best_{};
};

void write_down(std::ofstream &file, const Label &label, const Blend &blend)
{
    file << "label " << label.number << " misfit " << std::setprecision(4) << blend.misfit;
    for (int tank = 0; tank < kTanks; tank++) {
        double share = blend.shares[static_cast<size_t>(tank)];
        if (share >= 0.01)
            file << ' ' << tank << ':' << std::setprecision(3) << 100 * share << '%';
    }
    file << '\n';
}

} // namespace

int main()
{
    std::mt19937_64 chance(1855);
    Cellar cellar(chance);
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    std::ofstream file;
    for (int number = 0;; number++) {
        if (number % kLabelsInFile == 0) {
            file.close();
            file.open(number / kLabelsInFile % 2 ? "blends-odd.txt" : "blends-even.txt", std::ios::trunc);
        }
        Label label = cellar.order(number, chance);
        write_down(file, label, Annealer(cellar, label, chance()).run());
    }
}
