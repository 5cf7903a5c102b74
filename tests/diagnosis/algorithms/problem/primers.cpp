#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Finds where a panel of equally long primers binds on an assembled contig.
namespace primers {

struct Primer {
    std::string name;
    std::string bases;
};

struct Site {
    std::size_t primer;
    std::size_t offset;
};

class Panel {
public:
    Panel(std::vector<Primer> primers, std::size_t length)
        : primers_(std::move(primers)), length_(length) {}

    std::vector<Site> scan(const std::string& contig) const {
        std::vector<Site> sites;
        for (std::size_t at = 0; at + length_ <= contig.size(); ++at) {
            const std::string here = contig.substr(at, length_); // <- hot 7
            for (std::size_t i = 0; i < primers_.size(); ++i) { // <- cost hot 26
                if (primers_[i].bases == here) // <- cost hot 60
                    sites.push_back({i, at});
            }
        }
        return sites;
    }

    const Primer& operator[](std::size_t i) const { return primers_[i]; }

private:
    std::vector<Primer> primers_;
    std::size_t length_;
};

std::vector<std::size_t> hitsPerPrimer(const Panel& panel, std::size_t primers,
                                       const std::vector<std::string>& contigs) {
    std::vector<std::size_t> hits(primers, 0);
    for (const auto& contig : contigs)
        for (const Site& s : panel.scan(contig))
            ++hits[s.primer];
    return hits;
}

}  // namespace primers
