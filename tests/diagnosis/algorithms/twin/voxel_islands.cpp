#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

class Labels {
public:
    explicit Labels(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0); }

    int root(int v) {
        while (parent_[v] != v) {
            parent_[v] = parent_[parent_[v]]; // <- hot 32
            v = parent_[v];
        }
        return v;
    }

    void merge(int a, int b) {
        a = root(a);
        b = root(b);
        if (a < b) std::swap(a, b);
        parent_[a] = b; // <- hot 13
    }

private:
    std::vector<int> parent_;
};

struct Volume {
    int nx, ny, nz;
    std::vector<unsigned char> solid;

    int at(int x, int y, int z) const { return (z * ny + y) * nx + x; }
};

int count_islands(const Volume& v) {
    Labels labels(v.solid.size());
    for (int z = 0; z < v.nz; ++z)
        for (int y = 0; y < v.ny; ++y)
            for (int x = 0; x < v.nx; ++x) {
                const int i = v.at(x, y, z);
                if (!v.solid[i]) continue;
                if (x && v.solid[i - 1]) labels.merge(i - 1, i); // <- hot 14
                if (y && v.solid[i - v.nx]) labels.merge(i - v.nx, i);
                if (z && v.solid[i - v.nx * v.ny]) labels.merge(i - v.nx * v.ny, i); // <- hot 15
            }
    int islands = 0;
    for (int i = 0; i < static_cast<int>(v.solid.size()); ++i)
        if (v.solid[i] && labels.root(i) == i) ++islands;
    return islands;
}
