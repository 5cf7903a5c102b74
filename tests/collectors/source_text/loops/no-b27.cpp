#include <cstdint>
#include <vector>

class Life {
    int w_, h_;
    std::vector<uint8_t> cur_, nxt_;

    int around(int x, int y) const {
        int n = 0;
        for (int k = 0; k < 9; ++k) {
            if (k == 4) continue;
            const int u = (x + k % 3 - 1 + w_) % w_, v = (y + k / 3 - 1 + h_) % h_;
            n += cur_[v * w_ + u]; // <- 0
        }
        return n;
    }

    void step() {
        for (int i = 0; i < w_ * h_; ++i) {
            const int n = around(i % w_, i / w_); // <- 1
            nxt_[i] = n == 3 || (n == 2 && cur_[i]);
        }
        cur_.swap(nxt_);
    }

public:
    Life(int w, int h) : w_(w), h_(h), cur_(w * h), nxt_(w * h) {}

    void run(int gens) {
        while (gens--) step(); // <- 2
    }
};
