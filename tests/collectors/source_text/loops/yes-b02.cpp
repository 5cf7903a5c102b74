#include <string>
#include <vector>

struct Material { std::string name; int slot; };
struct Face { int a, b, c; std::string material; int slot; };

class MeshLoader {
public:
    void resolve() {
        for (size_t f = 0; f != faces_.size(); ++f) { // <- outer
            faces_[f].slot = slotOf(faces_[f].material); // <- 1
        }
    }

private:
    int slotOf(const std::string &name) const {
        int found = -1;
        for (const auto &m : lib_.materials) {
            found = m.name == name ? m.slot : found; // <- 0
        }
        return found;
    }

    struct Library { std::vector<Material> materials; } lib_;
    std::vector<Face> faces_;
};
