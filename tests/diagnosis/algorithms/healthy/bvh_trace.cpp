#include <algorithm>
#include <cstdint>
#include <vector>

struct Vec {
    float x, y, z;
};

struct Ray {
    Vec o, inv;
};

struct Node {
    Vec lo, hi;
    std::int32_t left;   // children at left and left + 1, when count is 0
    std::int32_t count;
    std::int32_t first;
};

struct Sphere {
    Vec c;
    float r;
};

static bool enters(const Node& n, const Ray& r, float best) {
    const float x0 = (n.lo.x - r.o.x) * r.inv.x, x1 = (n.hi.x - r.o.x) * r.inv.x; // <- hot 19
    const float y0 = (n.lo.y - r.o.y) * r.inv.y, y1 = (n.hi.y - r.o.y) * r.inv.y; // <- hot 15
    const float z0 = (n.lo.z - r.o.z) * r.inv.z, z1 = (n.hi.z - r.o.z) * r.inv.z;
    const float in = std::max({std::min(x0, x1), std::min(y0, y1), std::min(z0, z1), 0.f}); // <- hot 26
    const float out = std::min({std::max(x0, x1), std::max(y0, y1), std::max(z0, z1), best});
    return in <= out;
}

template <class Hit>
float trace(const std::vector<Node>& nodes, const std::vector<Sphere>& spheres, const Ray& ray, Hit hit) {
    std::int32_t stack[64];
    int top = 0;
    float best = 1e30f;
    stack[top++] = 0;
    while (top > 0) {
        const Node& n = nodes[stack[--top]]; // <- hot 22
        if (!enters(n, ray, best)) continue;
        if (n.count == 0) {
            stack[top++] = n.left;
            stack[top++] = n.left + 1;
            continue;
        }
        for (std::int32_t i = n.first; i < n.first + n.count; ++i)
            best = std::min(best, hit(spheres[i], ray));
    }
    return best;
}
