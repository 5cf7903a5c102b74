#include <cstdio>
#include <vector>

struct Edge { int from, to; double w; };

class Graph {
    std::vector<Edge> edges_;
    int n_ = 0;

public:
    int degree(int v) const {
        int d = 0;
        for (size_t i = 0; i < edges_.size(); i++)
            d += (edges_[i].from == v) + (edges_[i].to == v); // <- 0
        return d;
    }

    int maxDegree() const {
        int best = 0, v = n_;
        while (v-- > 0) { // <- outer
            const int d = degree(v); // <- 1
            best = d > best ? d : best;
        }
        return best;
    }
};
