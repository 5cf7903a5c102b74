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
    explicit Route(const std::vector<Leg>& legs) : km_(legs.size() + 1), climb_(legs.size() + 1) {
        for (std::size_t i = 0; i < legs.size(); ++i) {
            km_[i + 1] = km_[i] + legs[i].km; // <- hot 22
            climb_[i + 1] = climb_[i] + legs[i].climb; // <- hot 20
        }
    }

    double kmAt(std::size_t leg) const {
        return km_[leg];
    }

    double climbAt(std::size_t leg) const {
        return climb_[leg];
    }

private:
    std::vector<double> km_;
    std::vector<double> climb_;
};

std::vector<Stage> stages(const Route& route, const std::vector<Waypoint>& points) {
    std::vector<Stage> out;
    out.reserve(points.size());
    for (std::size_t i = 1; i < points.size(); ++i) {
        const Waypoint& a = points[i - 1];
        const Waypoint& b = points[i];
        out.push_back({a.name, b.name, route.kmAt(b.leg) - route.kmAt(a.leg),
                       route.climbAt(b.leg) - route.climbAt(a.leg)}); // <- hot 43
    }
    return out;
}

}  // namespace roadbook
