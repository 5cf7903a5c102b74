#include <numeric>
#include <string>
#include <vector>

struct Pt { double x, y; };
struct Parcel { std::string cadastre; std::vector<Pt> ring; };

double area(const Parcel& p) {
    double s = 0;
    const auto& r = p.ring;
    for (size_t i = 0, j = r.size() - 1; i < r.size(); j = i++)
        s += (r[j].x + r[i].x) * (r[j].y - r[i].y); // <- 0
    return s < 0 ? -s / 2 : s / 2;
}

double taxable(const std::vector<Parcel>& parcels, double perUnit) {
    return std::accumulate(parcels.begin(), parcels.end(), 0.0,
                           [&](double acc, const Parcel& p) {
                               return acc + area(p) * perUnit; // <- 1
                           });
}
