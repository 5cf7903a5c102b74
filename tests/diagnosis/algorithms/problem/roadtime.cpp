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

static int closestOpen(const std::vector<float>& time, const std::vector<char>& closed) {
    int best = -1;
    for (int j = 0; j < static_cast<int>(time.size()); ++j) { // <- hot 18
        if (closed[j] || time[j] == kFar) continue; // <- cost hot 49
        if (best < 0 || time[j] < time[best]) best = j; // <- hot 25
    }
    return best;
}

std::vector<float> travelTimes(const RoadGraph& g, int depot) {
    std::vector<float> time(g.size(), kFar);
    std::vector<char> closed(g.size(), 0);
    time[depot] = 0;
    for (int j; (j = closestOpen(time, closed)) >= 0;) {
        closed[j] = 1;
        for (const Arc& a : g.arcs(j))
            if (time[j] + a.seconds < time[a.to]) time[a.to] = time[j] + a.seconds;
    }
    return time;
}

int reachableWithin(const std::vector<float>& time, float limit) {
    int n = 0;
    for (float t : time) n += t <= limit;
    return n;
}
