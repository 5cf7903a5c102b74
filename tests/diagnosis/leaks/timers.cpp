#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;

class TimerQueue {
public:
    using Callback = std::function<void()>;

    uint64_t schedule(Clock::duration after, Callback cb) {
        uint64_t id = ++next_;
        timers_.emplace(Clock::now() + after, Timer{id, std::move(cb)}); // <- made 30 <- cost
        return id;
    }

    void cancel(uint64_t id) { cancelled_.insert(id); } // <- made 20 <- cost

    void poll() {
        auto now = Clock::now();
        while (!timers_.empty() && timers_.begin()->first <= now) {
            auto node = timers_.extract(timers_.begin());
            if (cancelled_.erase(node.mapped().id)) continue;
            node.mapped().cb();
        }
    }

private:
    struct Timer {
        uint64_t id;
        Callback cb;
    };
    std::multimap<Clock::time_point, Timer> timers_; // <- cost
    std::unordered_set<uint64_t> cancelled_;
    uint64_t next_ = 0;
};

struct Reply {
    int status;
    std::string body;
};

class Requester {
public:
    explicit Requester(TimerQueue& t) : timers_(t) {}

    void send(const std::string& url, std::function<void(Reply)> done) {
        uint64_t rid = ++seq_;
        std::string wire = "GET " + url + "\r\n\r\n";
        auto expire = [this, rid, wire, url] {
            auto it = open_.find(rid);
            if (it == open_.end()) return;
            auto fn = std::move(it->second.done);
            open_.erase(it);
            failures_[url.substr(0, url.find('/', 8))]++;
            fn({504, wire});
        };
        open_[rid] = {std::move(done), timers_.schedule(std::chrono::hours(24), expire)}; // <- made 50
        outgoing_.push_back(std::move(wire));
    }

    void on_reply(uint64_t rid, Reply r) {
        auto it = open_.find(rid);
        if (it == open_.end()) return;
        Open o = std::move(it->second);
        open_.erase(it);
        timers_.cancel(o.timer);
        o.done(std::move(r));
    }

    std::vector<std::string> take_outgoing() { return std::exchange(outgoing_, {}); }

private:
    struct Open {
        std::function<void(Reply)> done;
        uint64_t timer;
    };
    TimerQueue& timers_;
    uint64_t seq_ = 0;
    std::unordered_map<uint64_t, Open> open_;
    std::unordered_map<std::string, int> failures_;
    std::vector<std::string> outgoing_;
};
