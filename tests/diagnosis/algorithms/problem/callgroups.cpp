#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

// Groups crash dumps by their stack signature.
struct Dump {
    std::string id;
    std::vector<std::string> frames;
};

struct Group {
    std::string signature;
    std::vector<std::string> dumps;
};

namespace {

std::string signatureOf(const Dump& d, std::size_t depth) {
    std::string s;
    for (std::size_t i = 0; i < std::min(depth, d.frames.size()); ++i) {
        s += d.frames[i];
        s += '|';
    }
    return s;
}

}  // namespace

class Grouper {
public:
    explicit Grouper(std::size_t depth) : depth_(depth) {}

    void add(const Dump& d) {
        std::string sig = signatureOf(d, depth_);
        for (auto& g : groups_) { // <- cost hot 24
            if (g.signature == sig) { // <- cost hot 69
                g.dumps.push_back(d.id);
                return;
            }
        }
        groups_.push_back({std::move(sig), {d.id}});
    }

    std::vector<Group> largest(std::size_t n) const {
        std::vector<Group> sorted = groups_;
        std::sort(sorted.begin(), sorted.end(),
                  [](const Group& a, const Group& b) { return a.dumps.size() > b.dumps.size(); });
        if (sorted.size() > n)
            sorted.resize(n);
        return sorted;
    }

private:
    std::size_t depth_;
    std::vector<Group> groups_;
};
