#include <list>
#include <memory>
#include <queue>

class EntityManager {
    std::list<std::unique_ptr<Entity>> entities;
    std::queue<Event> pending;

    Entity* byHandle(uint32_t h) const {
        auto it = entities.begin();
        while (it != entities.end() && (*it)->handle() != h) // <- 0
            ++it;
        return it == entities.end() ? nullptr : it->get();
    }

    void deliver(const Event& ev) {
        if (Entity* e = byHandle(ev.target)) // <- 1
            e->onEvent(ev);
    }

public:
    void pump() {
        while (!pending.empty()) { // <- outer
            deliver(pending.front()); // <- 2
            pending.pop();
        }
    }
};
