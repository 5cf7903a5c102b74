#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

struct Rec { std::string name; std::uint32_t year; double amount; };
struct Link { const Rec* a; const Rec* b; double gap; };

std::vector<Link> candidatePairs(const std::vector<Rec>& recs) {
    std::unordered_map<std::uint64_t, std::vector<const Rec*>> buckets;
    for (const Rec& r : recs) {
        std::uint64_t key = std::hash<std::string>{}(r.name) ^ (std::uint64_t{r.year} << 40);
        buckets[key].push_back(&r);
    }
    std::vector<Link> links;
    for (auto& [key, group] : buckets) {
        for (std::size_t i = 0; i < group.size(); ++i) {
            for (std::size_t j = i + 1; j < group.size(); ++j) {
                links.push_back({group[i], group[j], std::abs(group[i]->amount - group[j]->amount)}); // <- 0
            }
        }
    }
    std::sort(links.begin(), links.end(), [](const Link& x, const Link& y) { return x.gap < y.gap; });
    return links;
}
