#include <algorithm>
#include <vector>

class Tour {
public:
    Tour(std::vector<int> order, const std::vector<std::vector<double>>& d) : t_(std::move(order)), d_(d) {}

    bool improve() {
        const int n = static_cast<int>(t_.size());
        bool better = false;
        for (int i = 0; i < n - 2; ++i) {
            for (int j = i + 2; j < n; ++j) {
                const int a = t_[i], b = t_[i + 1];
                const int c = t_[j], e = t_[(j + 1) % n];
                if (e == a) continue;
                if (d_[a][c] + d_[b][e] + 1e-9 < d_[a][b] + d_[c][e]) { // <- 0
                    std::reverse(t_.begin() + i + 1, t_.begin() + j + 1);
                    better = true;
                }
            }
        }
        return better;
    }

private:
    std::vector<int> t_;
    const std::vector<std::vector<double>>& d_;
};
