#include <cstdint>
#include <cstdlib>
#include <limits>
#include <queue>
#include <string>
#include <vector>

struct Map {
    int w, h;
    std::string tiles;
    bool open(int x, int y) const { return x >= 0 && y >= 0 && x < w && y < h && tiles[y * w + x] != '#'; }
};

class Pathfinder {
public:
    explicit Pathfinder(const Map& m) : map_(m), cost_(m.w * m.h), from_(m.w * m.h) {}

    std::vector<int> find(int start, int goal) {
        cost_.assign(cost_.size(), std::numeric_limits<int>::max());
        std::priority_queue<Node, std::vector<Node>, std::greater<Node>> open;
        cost_[start] = 0;
        open.push({guess(start, goal), start});
        while (!open.empty()) {
            const Node n = open.top();
            open.pop(); // <- hot 37
            if (n.at == goal) break;
            if (n.f > cost_[n.at] + guess(n.at, goal)) continue;
            static const int dx[] = {1, -1, 0, 0}, dy[] = {0, 0, 1, -1};
            for (int d = 0; d < 4; ++d) {
                const int x = n.at % map_.w + dx[d], y = n.at / map_.w + dy[d];
                if (!map_.open(x, y)) continue; // <- hot 21
                const int to = y * map_.w + x;
                if (cost_[n.at] + 1 < cost_[to]) { // <- hot 14
                    cost_[to] = cost_[n.at] + 1;
                    from_[to] = n.at;
                    open.push({cost_[to] + guess(to, goal), to}); // <- hot 18
                }
            }
        }
        std::vector<int> path;
        if (cost_[goal] == std::numeric_limits<int>::max()) return path;
        for (int at = goal; at != start; at = from_[at]) path.push_back(at);
        return {path.rbegin(), path.rend()};
    }

private:
    struct Node {
        int f, at;
        bool operator>(const Node& o) const { return f > o.f; }
    };
    int guess(int a, int b) const {
        return std::abs(a % map_.w - b % map_.w) + std::abs(a / map_.w - b / map_.w);
    }

    const Map& map_;
    std::vector<int> cost_, from_;
};
