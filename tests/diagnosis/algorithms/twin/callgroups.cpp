#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
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
        s += d.frames[i]; // <- hot 36
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
        auto [it, fresh] = index_.try_emplace(sig, groups_.size()); // <- hot 37
        if (fresh)
            groups_.push_back({std::move(sig), {}});
        groups_[it->second].dumps.push_back(d.id); // <- hot 18
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
    std::unordered_map<std::string, std::size_t> index_;
};
