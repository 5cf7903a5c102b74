#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

class SessionCache {
    struct Item { uint64_t key; std::string blob; uint32_t used; };
    std::list<Item> items_;
    size_t cap_ = 65536;
    uint32_t tick_ = 0;

    std::list<Item>::iterator locate(uint64_t key) {
        auto it = items_.begin();
        for (; it != items_.end(); ++it)
            if (it->key == key) // <- 0
                break;
        return it;
    }

public:
    std::optional<std::string> get(uint64_t key) {
        auto it = locate(key); // <- 1
        if (it == items_.end()) return std::nullopt;
        it->used = ++tick_;
        items_.splice(items_.begin(), items_, it);
        return it->blob;
    }

    size_t replay(const std::vector<uint64_t> &trace) {
        size_t hits = 0;
        auto p = trace.data();
        auto e = p + trace.size();
        do { // <- outer
            hits += get(*p).has_value() ? 1 : 0; // <- 2
        } while (++p < e);
        return hits;
    }
};
