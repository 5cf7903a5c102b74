#include <cstdint>
#include <vector>

class Timeline {
    std::vector<int64_t> starts;
    std::vector<int> owner;

public:
    int at(int64_t t) const {
        size_t lo = 0, hi = starts.size();
        while (lo < hi) {
            size_t mid = lo + (hi - lo) / 2;
            if (starts[mid] <= t) // <- 0
                lo = mid + 1;
            else
                hi = mid;
        }
        return lo == 0 ? -1 : owner[lo - 1];
    }
};

void assign(const Timeline& tl, std::vector<Sample>& samples) {
    for (auto& s : samples)
        s.owner = tl.at(s.time); // <- 1
}
