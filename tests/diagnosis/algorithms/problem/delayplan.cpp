#include <limits>
#include <string>
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
        bool changed = true;
        while (changed) { // <- cost
            changed = false;
            for (const Wire& w : wires_) { // <- cost hot 23
                const double at = t.arrival[w.from] + w.delayPs; // <- hot 46
                if (at < t.arrival[w.to]) { // <- hot 28
                    t.arrival[w.to] = at;
                    changed = true;
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
