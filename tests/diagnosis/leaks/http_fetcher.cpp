#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace fetch {

struct Response {
    int status = 0;
    std::string body;
};

class EventLoop {
public:
    using Task = std::function<void()>;

    void post(Task t) { tasks_.push_back(std::move(t)); }

    void run() {
        while (!tasks_.empty()) {
            Task t = std::move(tasks_.front());
            tasks_.pop_front();
            t();
        }
    }

private:
    std::deque<Task> tasks_;
};

class Transfer : public std::enable_shared_from_this<Transfer> {
public:
    using Done = std::function<void(const Response&)>;

    Transfer(EventLoop& loop, std::string url) : loop_(loop), url_(std::move(url)) {
        chunk_.resize(32 * 1024); // <- made 90
    }

    void onDone(Done fn) { done_ = std::move(fn); } // <- cost

    void start() {
        auto self = shared_from_this();
        loop_.post([self] { self->pump(); });
    }

    const std::string& url() const { return url_; }
    int attempts() const { return attempts_; }

private:
    void pump() {
        ++attempts_;
        Response r{url_.empty() ? 400 : 200, {}};
        r.body.assign(chunk_.begin(), chunk_.begin() + 64);
        if (done_) done_(r);
    }

    EventLoop& loop_;
    std::string url_;
    std::vector<char> chunk_;
    Done done_;
    int attempts_ = 0;
};

class Crawler {
public:
    explicit Crawler(EventLoop& loop) : loop_(loop) {}

    void visit(const std::string& url) {
        if (active_.count(url)) return;
        auto t = std::make_shared<Transfer>(loop_, url); // <- made 10
        active_[url] = t;
        t->onDone([this, t](const Response& r) { // <- cost
            ++byStatus_[r.status];
            if (r.status >= 500 && t->attempts() < 3) {
                t->start();
                return;
            }
            for (const auto& link : links(r.body)) frontier_.push_back(link);
            active_.erase(t->url());
        });
        t->start();
    }

    void drain() {
        while (!frontier_.empty()) {
            std::string next = std::move(frontier_.back());
            frontier_.pop_back();
            visit(next);
            loop_.run();
        }
    }

private:
    static std::vector<std::string> links(const std::string& body) {
        std::vector<std::string> out;
        for (std::size_t at = body.find("href="); at != std::string::npos; at = body.find("href=", at + 5)) {
            out.push_back(body.substr(at + 5, body.find(' ', at) - at - 5));
        }
        return out;
    }

    EventLoop& loop_;
    std::unordered_map<std::string, std::shared_ptr<Transfer>> active_;
    std::unordered_map<int, std::uint64_t> byStatus_;
    std::vector<std::string> frontier_;
};
} // namespace fetch
