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

    int fairShare() const { return best(0, total_ / 2); }

private:
    int best(std::size_t i, int room) const {
        if (i == items_.size() || room == 0) // <- hot 24
            return 0;
        const int skip = best(i + 1, room); // <- cost hot 33
        if (items_[i].gold > room) // <- hot 15
            return skip;
        const int take = items_[i].gold + best(i + 1, room - items_[i].gold); // <- cost hot 25
        return take > skip ? take : skip;
    }

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
