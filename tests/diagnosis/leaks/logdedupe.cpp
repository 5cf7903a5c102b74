#include <chrono>
#include <cstdio>
#include <ctime>
#include <deque>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace logging {

enum Level { Debug, Info, Warn, Error };

struct Record {
    Level level;
    std::string text;
    std::vector<std::string> fields;
};

struct Repeat {
    std::time_t first;
    std::time_t last;
    unsigned count;
    Record sample;
};

class Logger {
public:
    static Logger& get() {
        static Logger l;
        return l;
    }

    template <typename... F>
    void write(Level lv, const std::string& text, const F&... fields) {
        Record r{lv, text, {}};
        (r.fields.push_back(str(fields)), ...);
        submit(std::move(r));
    }

    std::vector<std::string> tail() {
        std::lock_guard<std::mutex> g(mu_);
        return {ring_.begin(), ring_.end()};
    }

private:
    template <typename T>
    static std::string str(const T& v) {
        std::ostringstream os;
        os << v;
        return os.str();
    }

    static std::string render(const Record& r) {
        static const char* names[] = {"D", "I", "W", "E"};
        std::string s = names[r.level];
        s += ' ';
        s += r.text;
        for (auto& f : r.fields) {
            s += ' ';
            s += f;
        }
        return s;
    }

    void submit(Record r) {
        std::string line = render(r);
        std::lock_guard<std::mutex> g(mu_);
        ring_.push_back(line);
        if (ring_.size() > 200) ring_.pop_front();
        if (r.level >= Warn && repeated(line, r)) return;
        std::cerr << line << '\n';
    }

    bool repeated(const std::string& line, const Record& r) {
        std::time_t now = std::time(nullptr);
        auto it = repeats_.find(line);
        if (it == repeats_.end()) {
            repeats_.emplace(line, Repeat{now, now, 1, r}); // <- made 100 <- cost
            return false;
        }
        Repeat& rep = it->second;
        rep.count++;
        if (now - rep.last > 60) {
            rep.last = now; // <- cost
            rep.first = now;
            rep.count = 1;
            return false;
        }
        return true;
    }

    std::mutex mu_;
    std::deque<std::string> ring_;
    std::unordered_map<std::string, Repeat> repeats_; // <- cost
};

} // namespace logging
