#include <cstdint>
#include <vector>

namespace mesh {

struct HalfEdge {
    std::uint32_t from, to;
    int face;
    int twin = -1;
};

class Topology {
    std::vector<HalfEdge> edges_;

    int oppositeOf(const HalfEdge& e) const {
        int n = static_cast<int>(edges_.size());
        int i = 0;
        while (i < n) {
            if (edges_[i].from == e.to && edges_[i].to == e.from) // <- 0
                break;
            ++i;
        }
        return i == n ? -1 : i;
    }

public:
    int linkTwins() {
        int open = 0;
        for (std::size_t k = 0; k < edges_.size(); ++k) { // <- outer
            edges_[k].twin = oppositeOf(edges_[k]); // <- 1
            if (edges_[k].twin < 0) ++open;
        }
        return open;
    }
};

}  // namespace mesh
