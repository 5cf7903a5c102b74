// Splits dungeon loot between two parties as evenly as possible.
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

struct Item {
    std::string name;
    int gold;
};

class LootSplitter {
public:
    explicit LootSplitter(std::vector<Item> items) : items_(std::move(items)) {
        total_ = std::accumulate(items_.begin(), items_.end(), 0,
                                 [](int s, const Item& i) { return s + i.gold; });
    }

    int total() const { return total_; }

    int fairShare() const {
        const int half = total_ / 2;
        std::vector<char> reach(half + 1, 0);
        reach[0] = 1;
        for (const Item& it : items_)
            for (int g = half; g >= it.gold; --g) // <- hot 27
                reach[g] |= reach[g - it.gold]; // <- hot 68
        int g = half;
        while (!reach[g]) --g;
        return g;
    }

private:
    std::vector<Item> items_;
    int total_ = 0;
};

int unfairness(const std::vector<Item>& items) {
    LootSplitter s(items);
    return std::abs(s.total() - 2 * s.fairShare());
}

std::vector<int> unfairnessPerDungeon(const std::vector<std::vector<Item>>& drops) {
    std::vector<int> out;
    out.reserve(drops.size());
    for (const auto& d : drops) out.push_back(unfairness(d));
    return out;
}
