#include <vector>

struct Velocity { int entity; float x, y; };
struct Position { int entity; float x, y; };

class World {
public:
    void step(float dt);
private:
    Velocity* velocityOf(int entity) {
        for (std::size_t i = 0; i < velocities_.size(); ++i) {
            if (velocities_[i].entity == entity) // <- 0
                return &velocities_[i];
        }
        return nullptr;
    }
    std::vector<Position> positions_;
    std::vector<Velocity> velocities_;
};

void World::step(float dt) {
    for (auto& p : positions_) { // <- outer
        Velocity* v = velocityOf(p.entity); // <- 1
        if (!v) continue;
        p.x += v->x * dt;
        p.y += v->y * dt;
        if (p.y < 0) { p.y = 0; v->y = -v->y * 0.4f; }
    }
}
