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
        std::vector<std::vector<double>> memo(chests + 1, std::vector<double>(target > 0 ? target + 1 : 1, -1.0));
        return reachFrom(chests, target, memo);
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
    double reachFrom(int chests, int target, std::vector<std::vector<double>>& memo) const {
        if (target <= 0)
            return 1.0;
        if (chests == 0)
            return 0.0;
        double& known = memo[chests][target]; // <- hot 16
        if (known >= 0.0)
            return known;
        double p = 0.0;
        for (const Roll& r : rolls_) // <- hot 19
            p += r.chance * reachFrom(chests - 1, target - r.points, memo); // <- hot 52
        known = p;
        return p;
    }

    std::vector<Roll> rolls_;
};

OddsTable standardTable() {
    return OddsTable({{1, 0.55}, {3, 0.25}, {5, 0.12}, {10, 0.06}, {25, 0.02}});
}

}  // namespace loot
