#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace game {

struct Vec3 {
    float x = 0, y = 0, z = 0;
};

struct Projectile {
    Vec3 pos;
    Vec3 vel;
    float life = 2.0f;
    float history[96] = {};
    int owner = 0;

    void update(float dt) {
        pos.x += vel.x * dt;
        pos.y += vel.y * dt;
        pos.z += vel.z * dt;
        life -= dt;
        history[static_cast<int>(life * 40) & 63] = pos.y;
    }
};

class Radar {
public:
    void track(const std::shared_ptr<Projectile>& p) {
        blips_.push_back(p); // <- cost
    }

    std::vector<Vec3> nearest(const Vec3& from, float range) const {
        std::vector<Vec3> out;
        for (const auto& weak : blips_) {
            auto p = weak.lock();
            if (!p) continue; // <- cost
            float dx = p->pos.x - from.x, dz = p->pos.z - from.z;
            if (std::sqrt(dx * dx + dz * dz) < range) out.push_back(p->pos);
        }
        return out;
    }

private:
    std::vector<std::weak_ptr<Projectile>> blips_; // <- cost
};

class Arena {
public:
    void addPlayer(int id, const std::string& name) { players_[id] = Player{name, 0, {}}; }
    void removePlayer(int id) { players_.erase(id); }

    void fire(int owner, const Vec3& from, const Vec3& dir) {
        auto it = players_.find(owner);
        if (it == players_.end()) return;
        auto p = launch(owner, from, dir);
        live_.push_back(p);
        radar_.track(p);
        ++it->second.shots;
    }

    void tick(float dt) {
        for (auto& p : live_) p->update(dt);
        live_.erase(std::remove_if(live_.begin(), live_.end(), [](const auto& p) { return p->life <= 0; }), live_.end());
        for (auto& entry : players_) {
            entry.second.seen = radar_.nearest(Vec3{}, 50.0f);
        }
        effects_.clear();
        for (const auto& p : live_) {
            if (p->pos.y < 0) effects_.push_back(p->pos);
        }
    }

private:
    struct Player {
        std::string name;
        std::uint32_t shots = 0;
        std::vector<Vec3> seen;
    };

    static std::shared_ptr<Projectile> launch(int owner, const Vec3& from, const Vec3& dir) {
        auto p = std::make_shared<Projectile>(); // <- made 100
        p->owner = owner;
        p->pos = from;
        p->vel = Vec3{dir.x * 80, dir.y * 80, dir.z * 80};
        return p;
    }

    Radar radar_;
    std::unordered_map<int, Player> players_;
    std::vector<std::shared_ptr<Projectile>> live_;
    std::vector<Vec3> effects_;
};

} // namespace game
