#include <vector>

class Life {
    int w, h;
    std::vector<unsigned char> cells, next;

    int around(int x, int y) const {
        int n = 0;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx)
                if (dx || dy)
                    n += cells[((y + dy + h) % h) * w + (x + dx + w) % w]; // <- 0
        return n;
    }

public:
    Life(int w_, int h_) : w(w_), h(h_), cells(w_ * h_), next(w_ * h_) {}

    void step() {
        for (int y = 0; y < h; ++y)
            for (int x = 0; x < w; ++x) {
                int n = around(x, y); // <- 1
                next[y * w + x] = n == 3 || (n == 2 && cells[y * w + x]);
            }
        cells.swap(next);
    }
};
