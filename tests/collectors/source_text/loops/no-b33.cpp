#include <string>
#include <unordered_map>
#include <vector>

struct Rec { std::string parent, id; long size; };

class Usage {
    std::unordered_map<std::string, std::vector<const Rec *>> kids_;

public:
    explicit Usage(const std::vector<Rec> &all) {
        for (const auto &r : all)
            kids_[r.parent].push_back(&r);
    }

    long sum(const std::string &id) const {
        auto it = kids_.find(id);
        if (it == kids_.end()) return 0;
        long s = 0;
        for (const Rec *k : it->second)
            s += k->size + sum(k->id); // <- 0
        return s;
    }

    std::vector<long> tops(const std::vector<std::string> &roots) const {
        std::vector<long> out(roots.size());
        for (size_t i = 0; i < roots.size(); ++i)
            out[i] = sum(roots[i]); // <- 1
        return out;
    }
};
