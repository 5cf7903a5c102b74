#include <vector>

struct Vec3 { float x, y, z; };

static inline float dist2(const Vec3& a, const Vec3& b) {
    float dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
    return dx * dx + dy * dy + dz * dz;
}

class MeshBuilder {
    std::vector<Vec3> verts;
    std::vector<unsigned> indices;

    unsigned weld(const Vec3& v) {
        for (unsigned i = 0; i < verts.size(); ++i) {
            if (dist2(verts[i], v) < 1e-10f) // <- 0
                return i;
        }
        verts.push_back(v);
        return static_cast<unsigned>(verts.size() - 1);
    }

public:
    void addTriangle(const Vec3& a, const Vec3& b, const Vec3& c) {
        indices.push_back(weld(a)); // <- 1
        indices.push_back(weld(b));
        indices.push_back(weld(c));
    }

    void addSoup(const std::vector<Vec3>& soup) {
        for (size_t t = 0; t + 2 < soup.size(); t += 3) // <- outer
            addTriangle(soup[t], soup[t + 1], soup[t + 2]); // <- 2
    }
};
