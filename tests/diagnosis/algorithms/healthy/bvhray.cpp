// Closest-hit query of the lightmap baker over a flattened BVH.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

struct V3 { float x, y, z; };
struct Ray { V3 o, inv, d; };
struct Box { V3 lo, hi; };
struct Sphere { V3 c; float r2; };

struct Node {
    Box box;
    std::uint32_t first;   // left child, or first primitive in a leaf
    std::uint32_t count;   // zero for inner nodes
};

static bool enters(const Box& b, const Ray& r, float tmax) {
    const float x1 = (b.lo.x - r.o.x) * r.inv.x, x2 = (b.hi.x - r.o.x) * r.inv.x;
    const float y1 = (b.lo.y - r.o.y) * r.inv.y, y2 = (b.hi.y - r.o.y) * r.inv.y;
    const float z1 = (b.lo.z - r.o.z) * r.inv.z, z2 = (b.hi.z - r.o.z) * r.inv.z;
    const float in = std::max({std::min(x1, x2), std::min(y1, y2), std::min(z1, z2), 0.f}); // <- hot 27
    const float out = std::min({std::max(x1, x2), std::max(y1, y2), std::max(z1, z2), tmax}); // <- hot 25
    return in <= out;
}

static bool strikes(const Sphere& s, const Ray& r, float& t) {
    const V3 l{s.c.x - r.o.x, s.c.y - r.o.y, s.c.z - r.o.z};
    const float along = l.x * r.d.x + l.y * r.d.y + l.z * r.d.z;
    const float off2 = l.x * l.x + l.y * l.y + l.z * l.z - along * along; // <- hot 16
    if (off2 > s.r2 || along < 0 || along >= t) return false;
    t = along;
    return true;
}

int closest(const std::vector<Node>& nodes, const std::vector<Sphere>& prims, const Ray& ray) {
    std::uint32_t stack[64];
    int top = 0, hit = -1;
    float t = std::numeric_limits<float>::max();
    stack[top++] = 0;
    while (top) {
        const Node& n = nodes[stack[--top]]; // <- hot 18
        if (!enters(n.box, ray, t)) continue;
        if (n.count == 0) {
            stack[top++] = n.first;
            stack[top++] = n.first + 1;
            continue;
        }
        for (std::uint32_t i = n.first; i < n.first + n.count; ++i)
            if (strikes(prims[i], ray, t)) hit = static_cast<int>(i);
    }
    return hit;
}
