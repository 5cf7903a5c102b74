#include <algorithm>
#include <string>
#include <vector>

struct Player { int id; int score; std::string nick; };
struct Kill { int killer; int victim; int points; };

class Scoreboard {
public:
    void replay(const std::vector<Kill>& log) {
        for (const auto& k : log) { // <- outer
            auto it = std::find_if(players_.begin(), players_.end(),
                                   [&](const Player& p) { return p.id == k.killer; }); // <- 0
            if (it == players_.end())
                continue;
            it->score += k.points;
        }
    }

private:
    std::vector<Player> players_;
};
