#include <deque>
#include <vector>

struct Sample { double a, b, c; int label = 0; };

class Clusterer {
    std::vector<Sample>& data_;
    double eps2_;
    std::size_t minPts_;

    std::vector<std::size_t> region(std::size_t k) const {
        std::vector<std::size_t> out;
        const Sample& s = data_[k];
        for (std::size_t i = 0; i < data_.size(); ++i) {
            const double da = data_[i].a - s.a, db = data_[i].b - s.b, dc = data_[i].c - s.c;
            if (da * da + db * db + dc * dc <= eps2_) out.push_back(i); // <- 0
        }
        return out;
    }

public:
    Clusterer(std::vector<Sample>& d, double eps, std::size_t m) : data_(d), eps2_(eps * eps), minPts_(m) {}

    void grow(std::size_t seed, int label) {
        std::deque<std::size_t> todo{seed};
        while (!todo.empty()) { // <- outer
            std::size_t k = todo.front();
            todo.pop_front();
            if (data_[k].label != 0) continue;
            data_[k].label = label;
            auto near = region(k); // <- 1
            if (near.size() >= minPts_) todo.insert(todo.end(), near.begin(), near.end());
        }
    }
};
