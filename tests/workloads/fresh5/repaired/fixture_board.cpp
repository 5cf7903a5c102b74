// expect: healthy bench
// The board of a sports club: takes the results of matches, keeps the table, and renders the pages that the halls show.
// Measured in the twin: 2,160 pages for each second of a core, 11,500 here.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace board {

struct Team {
    std::string name;
    int played = 0, won = 0, drawn = 0, scored = 0, conceded = 0;
    int points() const { return 3 * won + drawn; }
};

struct Match {
    int home, away, home_goals, away_goals, minute;
};

class League {
public:
    explicit League(int teams, unsigned seed) : random_(seed) {
        for (int i = 0; i < teams; i++)
            teams_.push_back({"Club " + std::to_string(1890 + i) + " & Friends"});
    }

    /// A day of matches: each team plays once.
    std::vector<Match> play_day() {
        std::vector<int> order(teams_.size());
        for (size_t i = 0; i < order.size(); i++)
            order[i] = static_cast<int>(i);
        std::shuffle(order.begin(), order.end(), random_);
        std::vector<Match> day;
        for (size_t i = 0; i + 1 < order.size(); i += 2) {
            Match match{order[i], order[i + 1], goals(), goals(), 90 + static_cast<int>(random_() % 7)};
            enter(match);
            day.push_back(match);
        }
        return day;
    }

    std::vector<const Team *> table() const {
        std::vector<const Team *> sorted;
        for (const Team &team : teams_)
            sorted.push_back(&team);
        std::sort(sorted.begin(), sorted.end(), [](const Team *a, const Team *b) {
            if (a->points() != b->points())
                return a->points() > b->points();
            return a->scored - a->conceded > b->scored - b->conceded;
        });
        return sorted;
    }

    const Team &team(int number) const { return teams_[static_cast<size_t>(number)]; }

    void new_season() {
        for (Team &team : teams_)
            team = Team{team.name};
    }

private:
    int goals() { return static_cast<int>(random_() % 100 < 60 ? random_() % 3 : random_() % 5); }

    void enter(const Match &match) {
        Team &home = teams_[static_cast<size_t>(match.home)], &away = teams_[static_cast<size_t>(match.away)];
        home.played++, away.played++;
        home.scored += match.home_goals, home.conceded += match.away_goals;
        away.scored += match.away_goals, away.conceded += match.home_goals;
        if (match.home_goals == match.away_goals)
            home.drawn++, away.drawn++;
        else
            (match.home_goals > match.away_goals ? home : away).won++;
    }

    std::vector<Team> teams_;
    std::mt19937 random_;
};

void add_escaped(std::string &page, const std::string &text) {
    for (char letter : text) {
        if (letter == '&')
            page += "&amp;";
        else
            page += letter;
    }
}

void add_number(std::string &page, int number) {
    char digits[16];
    page.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void add_cell(std::string &page, int number) {
    page += "<td>";
    add_number(page, number);
    page += "</td>";
}

/// Into a page that keeps its room from one day to the next.
void render(const League &league, const std::vector<Match> &day, std::string &page) {
    page = "<html><body><table>\n";
    int place = 1;
    for (const Team *team : league.table()) {
        page += "<tr>";
        add_cell(page, place++);
        page += "<td>";
        add_escaped(page, team->name);
        page += "</td>";
        add_cell(page, team->points());
        add_cell(page, team->scored - team->conceded);
        page += "</tr>\n";
    }
    page += "</table><ul>\n";
    for (const Match &match : day) {
        page += "<li>";
        add_escaped(page, league.team(match.home).name);
        page += " - ";
        add_escaped(page, league.team(match.away).name);
        page += " <b>";
        add_number(page, match.home_goals);
        page += ':';
        add_number(page, match.away_goals);
        page += "</b> (";
        add_number(page, match.minute);
        page += "')</li>\n";
    }
    page += "</ul></body></html>\n";
}

/// The pages of a season behind each other, as the halls leaf through them; the season before is kept.
class Book {
public:
    void begin(long season) {
        out_.close();
        out_.open("season-" + std::to_string(season % 2) + ".html", std::ios::binary | std::ios::trunc);
    }

    void add(const std::string &page) { out_.write(page.data(), static_cast<std::streamsize>(page.size())); }

    bool good() const { return out_.good(); }

private:
    std::ofstream out_;
};

} // namespace board

int main() {
    using clock = std::chrono::steady_clock;
    board::League league(240, 12);
    board::Book book;
    book.begin(0);
    std::string page;
    std::ofstream log("board.log");
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    const auto began = clock::now();
    auto told = began;
    for (long days = 1;; days++) {
        const std::vector<board::Match> day = league.play_day();
        board::render(league, day, page);
        book.add(page);
        if (!book.good()) {
            log << "a page cannot be written" << std::endl;
            return 1;
        }
        if (days % 38 == 0) {
            league.new_season();
            book.begin(days / 38);
        }
        if (clock::now() - told > std::chrono::seconds(1)) {
            told = clock::now();
            const double seconds = std::chrono::duration<double>(told - began).count();
            log << days / seconds << " pages a second of " << page.size() << " bytes" << std::endl;
        }
    }
}
