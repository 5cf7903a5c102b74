// Travel times from a depot over the road network.
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

struct Arc {
    int to;
    float seconds;
};

class RoadGraph {
public:
    explicit RoadGraph(int junctions) : out_(junctions) {}

    void connect(int a, int b, float metres, float kmh) {
        const float s = metres / (kmh / 3.6f);
        out_[a].push_back({b, s});
        out_[b].push_back({a, s});
    }

    int size() const { return static_cast<int>(out_.size()); }
    const std::vector<Arc>& arcs(int j) const { return out_[j]; }

private:
    std::vector<std::vector<Arc>> out_;
};

constexpr float kFar = std::numeric_limits<float>::infinity();

std::vector<float> travelTimes(const RoadGraph& g, int depot) {
    using Entry = std::pair<float, int>;
    std::vector<float> time(g.size(), kFar);
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    time[depot] = 0;
    open.push({0.f, depot});
    while (!open.empty()) {
        auto [t, j] = open.top();
        open.pop(); // <- hot 42
        if (t > time[j]) continue;
        for (const Arc& a : g.arcs(j)) // <- hot 16
            if (t + a.seconds < time[a.to]) { // <- hot 15
                time[a.to] = t + a.seconds;
                open.push({time[a.to], a.to}); // <- hot 17
            }
    }
    return time;
}

int reachableWithin(const std::vector<float>& time, float limit) {
    int n = 0;
    for (float t : time) n += t <= limit;
    return n;
}
