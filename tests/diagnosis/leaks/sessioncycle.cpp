#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

class Socket {
public:
    void on_data(std::function<void(const char*, size_t)> f) { data_ = std::move(f); }
    void on_close(std::function<void()> f) { close_ = std::move(f); }
    void feed(const char* p, size_t n) { if (data_) data_(p, n); }
    void hang_up() { if (close_) close_(); }
    void send(const std::string& s) { out_.push_back(s); if (out_.size() > 16) out_.pop_front(); }

private:
    std::function<void(const char*, size_t)> data_;
    std::function<void()> close_;
    std::deque<std::string> out_;
};

class Session;
using Sessions = std::map<int, std::shared_ptr<Session>>;

class Session : public std::enable_shared_from_this<Session> {
public:
    Session(int id, std::unique_ptr<Socket> s, Sessions& all)
        : id_(id), socket_(std::move(s)), all_(all), inbox_(64 * 1024) {} // <- made 95

    void start() {
        auto self = shared_from_this();
        socket_->on_data([self](const char* p, size_t n) { self->receive(p, n); }); // <- made 5 <- cost
        socket_->on_close([this] { all_.erase(id_); }); // <- cost
    }

    Socket& socket() { return *socket_; }

private:
    void receive(const char* p, size_t n) {
        for (size_t i = 0; i < n; i++) {
            if (p[i] == '\n') {
                handle(std::string(inbox_.data(), used_));
                used_ = 0;
            } else if (used_ < inbox_.size()) {
                inbox_[used_++] = p[i];
            }
        }
    }

    void handle(const std::string& line) {
        std::vector<std::string> words;
        std::string word;
        for (char c : line) {
            if (c == ' ') {
                words.push_back(word);
                word.clear();
            } else {
                word += c;
            }
        }
        words.push_back(word);
        socket_->send(std::to_string(words.size()));
    }

    int id_;
    std::unique_ptr<Socket> socket_;
    Sessions& all_;
    std::vector<char> inbox_;
    size_t used_ = 0;
};

class Acceptor {
public:
    Socket& accept() {
        int id = ++next_;
        auto s = std::make_shared<Session>(id, std::make_unique<Socket>(), sessions_);
        sessions_[id] = s;
        s->start();
        return s->socket();
    }

    size_t active() const { return sessions_.size(); }

private:
    Sessions sessions_;
    int next_ = 0;
};
