// bench: healthy
// Plans domino days: builders ask when the stone at the end of a line falls if another is pushed, in fields of 60,000
// stones. Two workers answer from a queue; what was asked lately is kept (the last 48 answers). Once in two seconds
// builders move some stones of a field, and what was known of that field is forgotten.
//
// Measured: CPU 16 % of a core for some 48 questions a second, a third of them known; 14.1 MiB.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <shared_mutex>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kFields = 6, kStones = 60000, kWidth = 300, kBuilders = 4, kWorkers = 2;
constexpr std::size_t kKept = 48, kWaiting = 64;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// Stones on a grid, each reaching some of the stones around it; the edges of stone i begin at first_[i].
class Field {
public:
    explicit Field(unsigned seed) : dice_(seed), delay_(kStones) {
        for (float& delay : delay_) delay = draw();
        static constexpr int around[6] = {1, kWidth, kWidth + 1, -1, -kWidth, 1 - kWidth};
        first_.reserve(kStones + 1);
        next_.reserve(kStones * 6);
        for (int stone = 0; stone < kStones; stone++) {
            first_.push_back(next_.size());
            for (int step : around)
                if (stone + step >= 0 && stone + step < kStones && dice_() % 8) next_.push_back(stone + step);
        }
        first_.push_back(next_.size());
    }

    // When a stone falls, in seconds after another is pushed; infinity if it stays.
    double falls(int pushed, int last, std::vector<float>& when) const {
        when.assign(kStones, std::numeric_limits<float>::infinity());
        using Fall = std::pair<float, int>;
        std::vector<Fall> room;
        room.reserve(4096);
        std::priority_queue<Fall, std::vector<Fall>, std::greater<>> falling(std::greater<>(), std::move(room));
        when[pushed] = 0;
        falling.push({0.0f, pushed});
        while (!falling.empty()) {
            const auto [at, stone] = falling.top();
            falling.pop();
            if (stone == last) return at;
            if (at > when[stone]) continue;
            for (unsigned edge = first_[stone]; edge < first_[stone + 1]; edge++) {
                const int hit = next_[edge];
                const float then = at + delay_[hit];
                if (then < when[hit]) {
                    when[hit] = then;
                    falling.push({then, hit});
                }
            }
        }
        return std::numeric_limits<double>::infinity();
    }

    void move_stones(int count) {
        for (; count > 0; count--) delay_[dice_() % kStones] = draw();
    }

private:
    float draw() { return std::uniform_real_distribution<float>(0.04f, 0.09f)(dice_); }

    std::mt19937 dice_;
    std::vector<float> delay_;
    std::vector<unsigned> first_;
    std::vector<int> next_;
};

struct Question {
    int field, pushed, last;
    bool operator<(const Question& other) const {
        return std::tie(field, pushed, last) < std::tie(other.field, other.pushed, other.last);
    }
};

// The last answers; the one that was not asked for the longest goes first.
class Kept {
public:
    bool find(const Question& question, double& answer) {
        std::lock_guard lock(mutex_);
        const auto found = where_.find(question);
        if (found == where_.end()) return false;
        order_.splice(order_.begin(), order_, found->second);
        answer = found->second->second;
        return true;
    }

    void keep(const Question& question, double answer) {
        std::lock_guard lock(mutex_);
        if (where_.count(question)) return;
        order_.emplace_front(question, answer);
        where_[question] = order_.begin();
        if (order_.size() > kKept) {
            where_.erase(order_.back().first);
            order_.pop_back();
        }
    }

    void forget(int field) {
        std::lock_guard lock(mutex_);
        for (auto at = order_.begin(); at != order_.end();) {
            if (at->first.field == field) {
                where_.erase(at->first);
                at = order_.erase(at);
            } else {
                ++at;
            }
        }
    }

private:
    std::mutex mutex_;
    std::list<std::pair<Question, double>> order_;
    std::map<Question, std::list<std::pair<Question, double>>::iterator> where_;
};

class Planner {
public:
    Planner() {
        for (unsigned seed = 1; seed <= kFields; seed++) fields_.push_back(std::make_unique<Plot>(seed));
        for (int i = 0; i < kWorkers; i++) workers_.emplace_back([this] { work(); });
        for (std::thread& worker : workers_) worker.detach();
    }

    double answer(const Question& question) {
        asked++;
        double known;
        if (kept_.find(question, known)) {
            hits++;
            return known;
        }
        Job job{question, {}};
        auto answer = job.answer.get_future();
        {
            std::unique_lock lock(mutex_);
            room_.wait(lock, [this] { return jobs_.size() < kWaiting; });
            jobs_.push_back(std::move(job));
        }
        some_.notify_one();
        return answer.get();
    }

    void change(int field) {
        {
            std::unique_lock lock(fields_[field]->mutex);
            fields_[field]->field.move_stones(200);
        }
        kept_.forget(field);
    }

    std::atomic<long> asked{0}, hits{0};

private:
    struct Plot {
        explicit Plot(unsigned seed) : field(seed) {}
        std::shared_mutex mutex;
        Field field;
    };
    struct Job {
        Question question;
        std::promise<double> answer;
    };

    void work() {
        std::vector<float> when;
        for (;;) {
            std::unique_lock lock(mutex_);
            some_.wait(lock, [this] { return !jobs_.empty(); });
            Job job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            room_.notify_one();
            const Question& asked = job.question;
            Plot& plot = *fields_[asked.field];
            double answer;
            {
                std::shared_lock reading(plot.mutex);
                answer = plot.field.falls(asked.pushed, asked.last, when);
                kept_.keep(asked, answer);
            }
            job.answer.set_value(answer);
        }
    }

    std::vector<std::unique_ptr<Plot>> fields_;
    Kept kept_;
    std::mutex mutex_;
    std::condition_variable some_, room_;
    std::deque<Job> jobs_;
    std::vector<std::thread> workers_;
};

// A builder asks "FIELD PUSHED LAST" and gets the seconds.
void serve(int line, Planner& planner) {
    std::string pending;
    char bytes[1024];
    for (ssize_t got; (got = read(line, bytes, sizeof bytes)) > 0;) {
        pending.append(bytes, got);
        std::string answers;
        std::size_t from = 0;
        for (std::size_t end; (end = pending.find('\n', from)) != std::string::npos; from = end + 1) {
            Question q;
            const bool whole = std::sscanf(pending.c_str() + from, "%d %d %d", &q.field, &q.pushed, &q.last) == 3;
            const auto stone = [](int number) { return number >= 0 && number < kStones; };
            if (!whole || unsigned(q.field) >= kFields || !stone(q.pushed) || !stone(q.last)) {
                answers += "no such stone\n";
                continue;
            }
            char text[32];
            answers.append(text, std::snprintf(text, sizeof text, "%.2f s\n", planner.answer(q)));
        }
        pending.erase(0, from);
        if (!answers.empty() && send(line, answers.data(), answers.size(), MSG_NOSIGNAL) < 0) break;
    }
    close(line);
}

void at_once(int line) {
    const int on = 1;
    if (setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) fail("setsockopt");
}

// A builder: twelve questions a second, some of them about what was asked a moment ago.
void build(int port, unsigned builder) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int line = socket(AF_INET, SOCK_STREAM, 0);
    if (line < 0 || connect(line, reinterpret_cast<sockaddr*>(&to), sizeof to)) fail("connect");
    at_once(line);
    std::mt19937 dice(builder);
    std::vector<std::string> asked;
    auto due = Clock::now() + builder * 20ms;
    for (;;) {
        std::this_thread::sleep_until(due += 83ms);
        std::string question;
        if (asked.size() == 8 && dice() % 3 == 0) {
            question = asked[dice() % 8];
        } else {
            const int pushed = dice() % kStones, last = kStones - 1 - dice() % 4000;
            question = std::to_string(dice() % kFields) + " " + std::to_string(pushed);
            question += " " + std::to_string(last) + "\n";
            if (asked.size() == 8) asked.erase(asked.begin());
            asked.push_back(question);
        }
        char answer[64];
        if (send(line, question.data(), question.size(), MSG_NOSIGNAL) < 0) return;
        if (read(line, answer, sizeof answer) <= 0) return;
    }
}

} // namespace

int main(int argc, char** argv) try {
    if (argc > 1) {
        std::vector<std::thread> builders;
        for (unsigned i = 0; i < kBuilders; i++) builders.emplace_back(build, std::atoi(argv[1]), i);
        for (std::thread& builder : builders) builder.join();
        return 0;
    }
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (listener < 0 || bind(listener, address, size) || listen(listener, 8)) fail("listen");
    if (getsockname(listener, address, &size)) fail("getsockname");
    Planner planner;
    char self[512] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) fail("readlink");
    const std::string load = "'" + std::string(self) + "' " + std::to_string(ntohs(at.sin_port)) + " >/dev/null 2>&1 &";
    if (std::system(load.c_str())) return 1;
    for (int i = 0; i < kBuilders; i++) {
        const int line = accept(listener, nullptr, nullptr);
        if (line < 0) fail("accept");
        at_once(line);
        std::thread(serve, line, std::ref(planner)).detach();
    }
    std::this_thread::sleep_for(1s);
    std::cout << "ready " << getpid() << std::endl;
    for (int round = 0;; round++) {
        std::this_thread::sleep_for(2s);
        planner.change(round % kFields);
        if (round % 5 == 4) std::cerr << planner.asked << " asked, " << planner.hits << " of them known\n";
    }
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
