#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

// Edge magnitude of a plane, and its non-maximum suppression.
struct Plane {
    int w = 0;
    int h = 0;
    std::vector<float> v;

    Plane(int width, int height) : w(width), h(height), v(std::size_t(width) * height) {}
    float& at(int x, int y) { return v[std::size_t(y) * w + x]; }
    float at(int x, int y) const { return v[std::size_t(y) * w + x]; }
};

struct Edges {
    Plane magnitude;
    Plane angle;
};

Edges sobel(const Plane& in) {
    static const float kx[3][3] = {{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}};
    static const float ky[3][3] = {{-1, -2, -1}, {0, 0, 0}, {1, 2, 1}};
    Edges e{Plane(in.w, in.h), Plane(in.w, in.h)};
    for (int y = 1; y + 1 < in.h; ++y) {
        for (int x = 1; x + 1 < in.w; ++x) {
            float gx = 0, gy = 0;
            for (int j = -1; j <= 1; ++j) {
                for (int i = -1; i <= 1; ++i) {
                    const float p = in.at(x + i, y + j);
                    gx += kx[j + 1][i + 1] * p; // <- hot 28
                    gy += ky[j + 1][i + 1] * p; // <- hot 26
                }
            }
            e.magnitude.at(x, y) = std::sqrt(gx * gx + gy * gy);
            e.angle.at(x, y) = std::atan2(gy, gx); // <- hot 25
        }
    }
    return e;
}

Plane thin(const Edges& e) {
    static const int dx[4] = {1, 1, 0, -1};
    static const int dy[4] = {0, 1, 1, 1};
    const Plane& m = e.magnitude;
    Plane out(m.w, m.h);
    for (int y = 1; y + 1 < m.h; ++y) {
        for (int x = 1; x + 1 < m.w; ++x) {
            const int sector = int(std::lround(e.angle.at(x, y) * 4 / 3.14159265f) + 8) % 4;
            const float a = m.at(x + dx[sector], y + dy[sector]);
            const float b = m.at(x - dx[sector], y - dy[sector]);
            if (m.at(x, y) >= std::max(a, b)) // <- hot 9
                out.at(x, y) = m.at(x, y);
        }
    }
    return out;
}
