#include <cstddef>
#include <vector>

namespace loot {

struct Roll {
    int points;
    double chance;
};

class OddsTable {
public:
    explicit OddsTable(std::vector<Roll> rolls) : rolls_(std::move(rolls)) {}

    // Probability that `chests` chests give at least `target` points together.
    double reach(int chests, int target) const {
        return reachFrom(chests, target);
    }

    // The least number of chests that makes the target likely enough.
    int chestsFor(int target, double confidence, int limit) const {
        for (int n = 1; n <= limit; ++n) {
            if (reach(n, target) >= confidence)
                return n;
        }
        return -1;
    }

private:
    double reachFrom(int chests, int target) const {
        if (target <= 0)
            return 1.0;
        if (chests == 0)
            return 0.0;
        double p = 0.0;
        for (const Roll& r : rolls_) // <- hot 25
            p += r.chance * reachFrom(chests - 1, target - r.points); // <- cost hot 67
        return p;
    }

    std::vector<Roll> rolls_;
};

OddsTable standardTable() {
    return OddsTable({{1, 0.55}, {3, 0.25}, {5, 0.12}, {10, 0.06}, {25, 0.02}});
}

}  // namespace loot
