// expect: healthy bench
// The rating office of a chess federation: results of the day come in, and the strengths of all players that explain the
// games of the last two years best are worked out anew from where they stood (each game counts less the older it is).
// A second thread takes the results from the clubs; the list is handed over whole when it is done.
// Nearly all of its time goes into the sums over the games, which is what the office is for; a new list each 150 ms.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr int kPlayers = 3000;
constexpr std::size_t kGames = 48000;
constexpr std::size_t kPerDay = 200;
constexpr auto kDay = std::chrono::milliseconds(150);

struct Result {
    std::string white, black;
    float points; // of white
    std::int32_t day;
};

struct Game {
    std::int32_t white, black;
    float points;
    std::int32_t day;
};

// Results on their way from the clubs to the office.
class Post {
public:
    void deliver(std::vector<Result> &&results) {
        {
            std::lock_guard<std::mutex> guard(mutex_);
            for (auto &result : results)
                waiting_.push_back(std::move(result));
        }
        came_.notify_one();
    }

    // Everything that came, at least one.
    void collect(std::vector<Result> &into) {
        into.clear();
        std::unique_lock<std::mutex> guard(mutex_);
        came_.wait(guard, [this] { return !waiting_.empty(); });
        into.swap(waiting_);
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::vector<Result> waiting_;
};

// The list of members: a number for each name.
class Members {
public:
    Members() { numbers_.reserve(kPlayers); }

    std::int32_t number(const std::string &name) {
        return numbers_.try_emplace(name, static_cast<std::int32_t>(numbers_.size())).first->second;
    }

    std::size_t size() const { return numbers_.size(); }

private:
    std::unordered_map<std::string, std::int32_t> numbers_;
};

class Office {
public:
    Office() : strength_(kPlayers, 0.0), slope_(kPlayers), weight_(kPlayers) { games_.reserve(kGames); }

    // A day's games take the place of the oldest ones.
    void enter(const std::vector<Result> &results) {
        for (const Result &result : results) {
            Game game{members_.number(result.white), members_.number(result.black), result.points, result.day};
            if (games_.size() < kGames)
                games_.push_back(game);
            else
                games_[oldest_] = game;
            oldest_ = (oldest_ + 1) % kGames;
            today_ = std::max(today_, result.day);
        }
    }

    // Some steps towards the strengths that make the results most likely.
    double fit(int steps) {
        double moved = 0;
        for (int step = 0; step < steps; ++step) {
            std::fill(slope_.begin(), slope_.end(), 0.0);
            std::fill(weight_.begin(), weight_.end(), 0.5); // everybody has drawn with the average once
            for (const Game &game : games_) {
                const double age = std::exp(-0.002 * (today_ - game.day));
                const double expected = 1.0 / (1.0 + std::exp(strength_[game.black] - strength_[game.white]));
                const double surprise = age * (game.points - expected);
                const double certain = age * expected * (1.0 - expected);
                slope_[game.white] += surprise;
                slope_[game.black] -= surprise;
                weight_[game.white] += certain;
                weight_[game.black] += certain;
            }
            moved = 0;
            for (int player = 0; player < kPlayers; ++player) {
                const double by = (slope_[player] - 0.05 * strength_[player]) / (2.0 * weight_[player]);
                strength_[player] += by;
                moved = std::max(moved, std::fabs(by));
            }
        }
        return moved;
    }

    // The best of the federation.
    std::vector<std::pair<int, std::int32_t>> leaders(std::size_t count) const {
        std::vector<std::pair<int, std::int32_t>> list;
        list.reserve(strength_.size());
        for (std::size_t player = 0; player < strength_.size(); ++player)
            list.emplace_back(static_cast<int>(1500 + strength_[player] * 173.7), static_cast<std::int32_t>(player));
        std::partial_sort(list.begin(), list.begin() + count, list.end(), std::greater<>());
        list.resize(count);
        return list;
    }

    std::size_t members() const { return members_.size(); }

private:
    Members members_;
    std::vector<Game> games_;
    std::size_t oldest_ = 0;
    std::int32_t today_ = 0;
    std::vector<double> strength_, slope_, weight_;
};

// The clubs: what was played on a day.
std::vector<Result> play(std::mt19937 &chance, std::int32_t day, std::size_t games) {
    std::vector<Result> results;
    results.reserve(games);
    for (std::size_t game = 0; game < games; ++game) {
        const int white = chance() % kPlayers, black = (white + 1 + chance() % (kPlayers - 1)) % kPlayers;
        const double expected = 1.0 / (1.0 + std::exp((white - black) / 900.0));
        const double drawn = (chance() % 1000) / 1000.0;
        const float points = drawn < expected - 0.15 ? 1.0f : drawn < expected + 0.15 ? 0.5f : 0.0f;
        results.push_back({"member " + std::to_string(white), "member " + std::to_string(black), points, day});
    }
    return results;
}

} // namespace

int main() {
    Post post;
    Office office;
    std::mt19937 chance(1886);
    for (std::int32_t day = 0; day < 240; ++day)
        office.enter(play(chance, day, kPerDay));
    office.fit(20);
    std::thread clubs([&post, chance]() mutable {
        auto due = std::chrono::steady_clock::now();
        for (std::int32_t day = 240;; ++day) {
            due += kDay;
            std::this_thread::sleep_until(due);
            post.deliver(play(chance, day, kPerDay));
        }
    });
    std::printf("ready %d\n", static_cast<int>(getpid()));
    std::fflush(stdout);
    std::vector<Result> results;
    for (long list = 1;; ++list) {
        post.collect(results);
        office.enter(results);
        const double moved = office.fit(40);
        const auto best = office.leaders(10);
        if (list % 20 == 0)
            std::fprintf(stderr, "list %ld: %zu members, first %d with %d, moved %.5f\n", list, office.members(),
                         best[0].second, best[0].first, moved);
    }
}
