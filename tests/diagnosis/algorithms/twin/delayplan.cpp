#include <functional>
#include <limits>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace netlist {

struct Wire {
    int from;
    int to;
    double delayPs;
};

struct Timing {
    std::vector<double> arrival;
    int unreachable = 0;
};

class DelayPlanner {
public:
    explicit DelayPlanner(int pins) : pins_(pins) {}

    void connect(int from, int to, double delayPs) { wires_.push_back({from, to, delayPs}); }

    // Earliest time a signal injected at the source can be seen on each pin.
    Timing earliest(int source) const {
        const double never = std::numeric_limits<double>::infinity();
        Timing t;
        t.arrival.assign(pins_, never);
        t.arrival[source] = 0.0;
        std::vector<std::vector<const Wire*>> leaving(pins_);
        for (const Wire& w : wires_)
            leaving[w.from].push_back(&w); // <- hot 25
        using Seen = std::pair<double, int>;
        std::priority_queue<Seen, std::vector<Seen>, std::greater<Seen>> queue;
        queue.push({0.0, source});
        while (!queue.empty()) {
            const auto [time, pin] = queue.top();
            queue.pop(); // <- hot 33
            if (time > t.arrival[pin])
                continue;
            for (const Wire* w : leaving[pin]) {
                const double at = time + w->delayPs; // <- hot 14
                if (at < t.arrival[w->to]) {
                    t.arrival[w->to] = at;
                    queue.push({at, w->to}); // <- hot 16
                }
            }
        }
        for (double a : t.arrival)
            if (a == never)
                ++t.unreachable;
        return t;
    }

private:
    int pins_;
    std::vector<Wire> wires_;
};

}  // namespace netlist
