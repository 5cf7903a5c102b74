#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct Member { std::string nick; bool muted; int unread; };
struct Room { std::string name; std::vector<std::shared_ptr<Member>> members; };

class Server {
    std::map<std::string, Room> rooms_;

    static int unread(const Room &r) {
        int n = 0;
        std::for_each(r.members.begin(), r.members.end(), [&](const auto &m) {
            n += m && !m->muted ? m->unread : 0; // <- 0
        });
        return n;
    }

    static std::string line(const Room &r) {
        return r.name + " " + std::to_string(unread(r)); // <- 1
    }

public:
    std::vector<std::string> summary() const {
        std::vector<std::string> out;
        for (auto it = rooms_.begin(); it != rooms_.end(); ++it)
            out.push_back(line(it->second)); // <- 2
        return out;
    }
};
