#include <cmath>
#include <fstream>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

struct Vertex {
    float x, y, z, u, v;
};

struct Mesh {
    std::vector<Vertex> vertices;
    std::vector<unsigned> indices;
};

static Mesh parse_obj(const std::string& path) {
    Mesh m;
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
        std::istringstream ss(line);
        char tag = 0;
        ss >> tag;
        if (tag == 'v') {
            Vertex v{};
            ss >> v.x >> v.y >> v.z;
            m.vertices.push_back(v);
        } else if (tag == 'f') {
            unsigned a, b, c;
            ss >> a >> b >> c;
            m.indices.insert(m.indices.end(), {a - 1, b - 1, c - 1});
        }
    }
    return m;
}

class MeshLibrary {
public:
    const Mesh& base(const std::string& path) {
        for (auto it = recent_.begin(); it != recent_.end(); ++it)
            if (it->first == path) {
                recent_.splice(recent_.begin(), recent_, it);
                return recent_.front().second;
            }
        recent_.emplace_front(path, parse_obj(path));
        if (recent_.size() > 32) recent_.pop_back();
        return recent_.front().second;
    }

    std::shared_ptr<Mesh> at_detail(const std::string& path, float distance) {
        auto key = std::make_tuple(path, std::sqrt(distance));
        auto& slot = simplified_[key]; // <- made 3 <- cost
        if (!slot) slot = simplify(base(path), distance); // <- cost
        return slot;
    }

private:
    static std::shared_ptr<Mesh> simplify(const Mesh& src, float distance) {
        auto out = std::make_shared<Mesh>();
        size_t step = 1 + size_t(distance / 50.0f);
        std::vector<unsigned> remap(src.vertices.size());
        out->vertices.reserve(src.vertices.size() / step + 1); // <- made 60
        for (size_t i = 0; i < src.vertices.size(); i++) {
            if (i % step == 0) out->vertices.push_back(src.vertices[i]);
            remap[i] = unsigned(out->vertices.size() - 1);
        }
        for (size_t i = 0; i + 2 < src.indices.size(); i += 3) {
            unsigned a = remap[src.indices[i]], b = remap[src.indices[i + 1]], c = remap[src.indices[i + 2]];
            if (a != b && b != c && a != c) {
                out->indices.insert(out->indices.end(), {a, b, c}); // <- made 37
            }
        }
        return out;
    }

    std::list<std::pair<std::string, Mesh>> recent_;
    std::map<std::tuple<std::string, float>, std::shared_ptr<Mesh>> simplified_; // <- cost
};
