// expect: healthy bench
// Odds for the "Golem Cup": plays the rest of a season of stone-throwing golems again and again, and keeps how often each
// team ended in each place. The odds page reads the file that is renewed every few thousand seasons.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <unistd.h>
#include <vector>

namespace {

constexpr int kTeams = 18;
constexpr int kMostThrows = 9;
constexpr int kSeasonsInReport = 60000;

// xoshiro256+
class Random {
public:
    explicit Random(uint64_t seed) {
        for (uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15ull;
            uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
            word = mixed ^ (mixed >> 31);
        }
    }

    uint64_t next() {
        uint64_t result = state_[0] + state_[3], shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = (state_[3] << 45) | (state_[3] >> 19);
        return result;
    }

private:
    uint64_t state_[4];
};

// The hits of a team in one match, as cumulated shares of 2^32.
using Hits = std::array<uint32_t, kMostThrows>;

Hits hitsWithMean(double mean) {
    Hits hits;
    double share = std::exp(-mean), sum = 0;
    for (int n = 0; n < kMostThrows; n++) {
        sum += share;
        hits[n] = static_cast<uint32_t>(std::min(sum, 1.0) * 4294967295.0);
        share *= mean / (n + 1);
    }
    return hits;
}

int drawn(const Hits& hits, uint32_t number) {
    int n = 0;
    while (n < kMostThrows && number > hits[n]) n++;
    return n;
}

struct Match {
    uint8_t home, guest;
    Hits homeHits, guestHits;
};

struct Row {
    int points, difference, hits;
    uint32_t lot;
    uint8_t team;

    bool operator<(const Row& other) const {
        if (points != other.points) return points > other.points;
        if (difference != other.difference) return difference > other.difference;
        if (hits != other.hits) return hits > other.hits;
        return lot < other.lot;
    }
};

class Season {
public:
    Season() {
        std::array<double, kTeams> attack, defence;
        for (int team = 0; team < kTeams; team++) {
            attack[team] = 1.1 + 0.07 * ((team * 7) % kTeams);
            defence[team] = 0.8 + 0.03 * ((team * 11) % kTeams);
        }
        for (uint8_t home = 0; home < kTeams; home++) {
            for (uint8_t guest = 0; guest < kTeams; guest++) {
                if (home == guest) continue;
                matches_.push_back({home, guest, hitsWithMean(attack[home] * defence[guest] * 1.15),
                                    hitsWithMean(attack[guest] * defence[home] * 0.95)});
            }
        }
    }

    void play(Random& random, std::array<Row, kTeams>& table) const {
        for (uint8_t team = 0; team < kTeams; team++) table[team] = {0, 0, 0, 0, team};
        for (const Match& match : matches_) {
            uint64_t numbers = random.next();
            int home = drawn(match.homeHits, static_cast<uint32_t>(numbers >> 32));
            int guest = drawn(match.guestHits, static_cast<uint32_t>(numbers));
            Row &one = table[match.home], &other = table[match.guest];
            one.hits += home;
            other.hits += guest;
            one.difference += home - guest;
            other.difference += guest - home;
            one.points += home > guest ? 3 : home == guest;
            other.points += guest > home ? 3 : home == guest;
        }
        for (Row& row : table) row.lot = static_cast<uint32_t>(random.next() >> 32);
        std::sort(table.begin(), table.end());
    }

private:
    std::vector<Match> matches_;
};

class Odds {
public:
    void count(const std::array<Row, kTeams>& table) {
        seasons_++;
        for (int place = 0; place < kTeams; place++) places_[table[place].team][place]++;
    }

    void write(const char* name) const {
        char fresh[64];
        std::snprintf(fresh, sizeof fresh, "%s.new", name);
        FILE* file = std::fopen(fresh, "w");
        if (!file) return;
        std::fprintf(file, "seasons %lu\n", seasons_);
        for (int team = 0; team < kTeams; team++) {
            std::fprintf(file, "golem-%02d", team);
            for (uint64_t times : places_[team]) std::fprintf(file, " %.5f", double(times) / seasons_);
            std::fputc('\n', file);
        }
        std::fclose(file);
        std::rename(fresh, name);
    }

private:
    uint64_t seasons_ = 0;
    std::array<std::array<uint64_t, kTeams>, kTeams> places_{};
};

}  // namespace

int main() {
    Season season;
    Odds odds;
    Random random(1881);
    std::array<Row, kTeams> table;
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    for (;;) {
        for (int i = 0; i < kSeasonsInReport; i++) {
            season.play(random, table);
            odds.count(table);
        }
        odds.write("odds.txt");
    }
}
