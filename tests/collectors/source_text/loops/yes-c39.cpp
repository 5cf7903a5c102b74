#include <functional>
#include <vector>

struct Timer {
    double due;
    std::function<void()> fire;
};

class EventLoop {
public:
    void at(double due, std::function<void()> f) { pending_.push_back({due, std::move(f)}); }

    void run(double until) {
        while (!pending_.empty()) { // <- outer
            std::size_t next = 0;
            for (std::size_t i = 1; i < pending_.size(); ++i) {
                if (pending_[i].due < pending_[next].due) // <- 0
                    next = i;
            }
            if (pending_[next].due > until) return;
            Timer t = std::move(pending_[next]);
            pending_.erase(pending_.begin() + static_cast<long>(next));
            now_ = t.due;
            t.fire();
        }
    }

    double now() const { return now_; }

private:
    std::vector<Timer> pending_;
    double now_ = 0;
};
