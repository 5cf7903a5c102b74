#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace roadbook {

struct Leg {
    double km;
    double climb;
};

struct Waypoint {
    std::string name;
    std::size_t leg;  // index of the leg that ends here
};

struct Stage {
    std::string from;
    std::string to;
    double km;
    double climb;
};

class Route {
public:
    explicit Route(std::vector<Leg> legs) : legs_(std::move(legs)) {}

    double kmAt(std::size_t leg) const {
        return std::accumulate(legs_.begin(), legs_.begin() + leg, 0.0,
                               [](double sum, const Leg& l) { return sum + l.km; }); // <- cost hot 49
    }

    double climbAt(std::size_t leg) const {
        return std::accumulate(legs_.begin(), legs_.begin() + leg, 0.0,
                               [](double sum, const Leg& l) { return sum + l.climb; }); // <- cost hot 46
    }

private:
    std::vector<Leg> legs_;
};

std::vector<Stage> stages(const Route& route, const std::vector<Waypoint>& points) {
    std::vector<Stage> out;
    out.reserve(points.size());
    for (std::size_t i = 1; i < points.size(); ++i) {
        const Waypoint& a = points[i - 1];
        const Waypoint& b = points[i];
        out.push_back({a.name, b.name, route.kmAt(b.leg) - route.kmAt(a.leg),
                       route.climbAt(b.leg) - route.climbAt(a.leg)});
    }
    return out;
}

}  // namespace roadbook
