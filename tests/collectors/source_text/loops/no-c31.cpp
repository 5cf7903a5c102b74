#include <limits>
#include <queue>
#include <utility>
#include <vector>

struct Arc { int to; int minutes; bool ferry; };

class Network {
    std::vector<std::vector<Arc>> arcs_;

public:
    std::vector<int> from(int start, bool ferries) const {
        std::vector<int> best(arcs_.size(), std::numeric_limits<int>::max());
        using Item = std::pair<int, int>;
        std::priority_queue<Item, std::vector<Item>, std::greater<Item>> heap;
        best[start] = 0;
        heap.emplace(0, start);
        while (!heap.empty()) {
            const auto [d, u] = heap.top();
            heap.pop();
            if (d > best[u]) continue;
            for (const Arc& a : arcs_[u]) {
                if (a.ferry && !ferries) continue;
                if (d + a.minutes < best[a.to]) { // <- 0
                    best[a.to] = d + a.minutes;
                    heap.emplace(best[a.to], a.to);
                }
            }
        }
        return best;
    }
};
