// expect: healthy bench
// Answers the desks of chess clubs: a line names a player's opponents and the result against each, and is answered with
// the performance rating, its error and the change of the rating. Four threads serve the desks; the first one brings
// the ratings of finished tournaments in, as a new list that replaces the old one.
// Measured: 4100 batches of 64 questions a second, 1.5 us of CPU a question with its transport; 40 % of a core.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

constexpr int players = 40000, desks = 4, pipelined = 64;
using Ratings = std::vector<float>;

// The list in use. Who asks keeps the list that was valid then.
class RatingList {
  public:
    explicit RatingList(Ratings first) : current_(std::make_shared<const Ratings>(std::move(first))) {}

    std::shared_ptr<const Ratings> get() const {
        std::shared_lock held(mutex_);
        return current_;
    }

    void replace(Ratings next) {
        auto list = std::make_shared<const Ratings>(std::move(next));
        std::unique_lock held(mutex_);
        current_.swap(list);
    }

  private:
    mutable std::shared_mutex mutex_;
    std::shared_ptr<const Ratings> current_;
};

struct Game {
    float opponent;
    float points;
};

static float expected(float own, float opponent) { return 1 / (1 + std::exp2((opponent - own) * (3.3219281f / 400))); }

struct Performance {
    float rating, error, change;
};

// The rating at which the points of the games are what was to be expected, by Newton's steps.
static Performance perform(float own, const std::vector<Game> &games) {
    float points = 0, change = 0, at = 0;
    for (const Game &game : games) {
        points += game.points;
        at += game.opponent / games.size();
        change += 20 * (game.points - expected(own, game.opponent));
    }
    points = std::min(std::max(points, 0.25f), games.size() - 0.25f);
    float slope = 1;
    for (int step = 0; step < 12; step++) {
        float sum = 0;
        slope = 1e-6f;
        for (const Game &game : games) {
            float chance = expected(at, game.opponent);
            sum += chance;
            slope += chance * (1 - chance) * (2.302585f / 400);
        }
        float move = std::min(std::max((points - sum) / slope, -300.f), 300.f);
        at += move;
        if (std::fabs(move) < 0.05f) break;
    }
    return {at, std::sqrt(2.302585f / 400 / slope), change};
}

class Desk {
  public:
    Desk(int line, const RatingList &list) : line_(line), list_(list) { games_.reserve(32); }
    ~Desk() { close(line_); }

    void serve() {
        std::string in, out;
        std::vector<char> chunk(1 << 16);
        for (;;) {
            ssize_t got = read(line_, chunk.data(), chunk.size());
            if (got <= 0) return;
            in.append(chunk.data(), got);
            auto ratings = list_.get();
            size_t from = 0;
            for (size_t end; (end = in.find('\n', from)) != std::string::npos; from = end + 1)
                answer(std::string_view(in).substr(from, end - from), *ratings, out);
            in.erase(0, from);
            if (!send_all(out)) return;
            out.clear();
        }
    }

  private:
    // "PLAYER OPPONENT:HALVES OPPONENT:HALVES ..."
    void answer(std::string_view question, const Ratings &ratings, std::string &out) {
        const char *at = question.data(), *end = at + question.size();
        unsigned player = 0, opponent = 0, halves = 0;
        at = std::from_chars(at, end, player).ptr;
        games_.clear();
        while (at < end && *at == ' ') {
            at = std::from_chars(at + 1, end, opponent).ptr;
            if (at == end || *at != ':') break;
            at = std::from_chars(at + 1, end, halves).ptr;
            if (opponent < ratings.size()) games_.push_back({ratings[opponent], halves * 0.5f});
        }
        if (player >= ratings.size() || games_.empty()) {
            out += "unknown\n";
            return;
        }
        auto [rating, error, change] = perform(ratings[player], games_);
        char text[64];
        out.append(text, snprintf(text, sizeof text, "%u %.0f %.0f %+.1f\n", player, rating, error, change));
    }

    bool send_all(const std::string &text) {
        for (size_t sent = 0; sent < text.size();) {
            ssize_t put = send(line_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (put <= 0) return false;
            sent += put;
        }
        return true;
    }

    int line_;
    const RatingList &list_;
    std::vector<Game> games_;
};

// The clubs, in a process of their own: each asks many questions at once, and reads the answers.
static void ask(sockaddr_in address) {
    auto club = [address](int number) {
        int line = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(line, reinterpret_cast<const sockaddr *>(&address), sizeof address)) return;
        std::mt19937 chance(number);
        std::vector<char> chunk(1 << 16);
        for (;;) {
            std::string questions;
            for (int at = 0; at < pipelined; at++) {
                questions += std::to_string(chance() % players);
                for (int game = 0; game < 9 + at % 4; game++)
                    questions += ' ' + std::to_string(chance() % players) + ':' + std::to_string(chance() % 3);
                questions += '\n';
            }
            if (send(line, questions.data(), questions.size(), MSG_NOSIGNAL) <= 0) return;
            for (int answers = 0; answers < pipelined;) {
                ssize_t got = read(line, chunk.data(), chunk.size());
                if (got <= 0) return;
                for (ssize_t i = 0; i < got; i++) answers += chunk[i] == '\n';
            }
            std::this_thread::sleep_for(std::chrono::microseconds(400));
        }
    };
    std::vector<std::thread> clubs;
    for (int number = 0; number < desks; number++) clubs.emplace_back(club, number);
    for (auto &thread : clubs) thread.join();
}

int main() {
    int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listening, reinterpret_cast<sockaddr *>(&address), size) || listen(listening, 16)) return 1;
    getsockname(listening, reinterpret_cast<sockaddr *>(&address), &size);
    pid_t starter = fork();
    if (starter == 0) {
        if (fork() == 0) ask(address);
        _exit(0);
    }
    waitpid(starter, nullptr, 0);

    std::mt19937 chance(1866);
    std::normal_distribution<float> strength(1600, 300), swing(0, 4);
    Ratings ratings(players);
    for (float &rating : ratings) rating = strength(chance);
    RatingList list(ratings);
    std::vector<std::thread> serving;
    for (int desk = 0; desk < desks; desk++) {
        int line = accept(listening, nullptr, nullptr);
        setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        serving.emplace_back([line, &list] { Desk(line, list).serve(); });
    }
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::seconds(2));
        for (int game = 0; game < 500; game++) ratings[chance() % players] += swing(chance);
        list.replace(ratings);
    }
}
