// Banned-phrase scanner for the chat moderation worker.
#include <array>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

class PhraseScanner {
    struct State {
        std::array<int, 256> go;
        int fail = 0;
        int phrase = -1;
        int report = 0;
        State() { go.fill(-1); }
    };

public:
    explicit PhraseScanner(const std::vector<std::string>& phrases) : states_(1) {
        for (std::size_t i = 0; i < phrases.size(); ++i) add(phrases[i], static_cast<int>(i));
        link();
    }

    template <class OnHit>
    void scan(std::string_view text, OnHit&& hit) const {
        int s = 0;
        for (std::size_t i = 0; i < text.size(); ++i) { // <- hot 11
            s = states_[s].go[static_cast<unsigned char>(text[i])]; // <- hot 66
            for (int r = states_[s].phrase >= 0 ? s : states_[s].report; r; r = states_[r].report) // <- hot 18
                hit(states_[r].phrase, i);
        }
    }

private:
    std::vector<State> states_;

    void add(const std::string& p, int id) {
        int s = 0;
        for (unsigned char c : p) {
            if (states_[s].go[c] < 0) {
                states_[s].go[c] = static_cast<int>(states_.size());
                states_.emplace_back();
            }
            s = states_[s].go[c];
        }
        states_[s].phrase = id;
    }

    void link() {
        std::queue<int> todo;
        for (int& t : states_[0].go) {
            if (t < 0) t = 0;
            else todo.push(t);
        }
        for (; !todo.empty(); todo.pop()) {
            const int s = todo.front();
            for (int c = 0; c < 256; ++c) {
                const int f = states_[states_[s].fail].go[c];
                int& t = states_[s].go[c];
                if (t < 0) { t = f; continue; }
                states_[t].fail = f;
                states_[t].report = states_[f].phrase >= 0 ? f : states_[f].report;
                todo.push(t);
            }
        }
    }
};
