#include <algorithm>
#include <cstdint>
#include <vector>

using Id = std::uint32_t;

struct Entity { Id id; float hp; bool dead; };

class World {
    std::vector<Entity> ents_;
    std::vector<Id> doomed_;

public:
    void sweep() {
        ents_.erase(std::remove_if(ents_.begin(), ents_.end(), // <- outer
            [&](const Entity &e) {
                return e.hp <= 0 || std::any_of(doomed_.begin(), doomed_.end(),
                    [&](Id d) { return d == e.id; }); // <- 0
            }), ents_.end());
        doomed_.clear();
    }
};
