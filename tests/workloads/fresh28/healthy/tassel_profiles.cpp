// expect: healthy bench
// Profile folder of the tassel looms' controllers: every second the controllers' sampling profilers hand in their stacks
// (return addresses), which are given names by the symbol table and folded into a call tree; then the hottest paths of the last
// window are written for the dashboard. Between the hand-ins it sleeps.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;
using Address = std::uint64_t;

constexpr int kSymbols = 20000;
constexpr int kStacks = 250000;
constexpr int kTop = 25;

struct Symbol {
    Address begin;
    std::string name;
};

class SymbolTable {
public:
    explicit SymbolTable(std::vector<Symbol> symbols) : symbols_(std::move(symbols)) {
        std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) { return a.begin < b.begin; });
        begins_.reserve(symbols_.size());
        for (const auto& symbol : symbols_) begins_.push_back(symbol.begin);
    }

    std::uint32_t find(Address address) const {
        const auto next = std::upper_bound(begins_.begin(), begins_.end(), address);
        return next == begins_.begin() ? 0 : static_cast<std::uint32_t>(next - begins_.begin() - 1);
    }

    const std::string& name(std::uint32_t index) const { return symbols_[index].name; }
    Address begin_of(std::uint32_t index) const { return begins_[index]; }

private:
    std::vector<Symbol> symbols_;
    std::vector<Address> begins_;  // apart, so that a search touches few cache lines
};

// Stacks of a window, outermost first, one after the other in one array.
struct Samples {
    std::vector<Address> addresses;
    std::vector<std::uint32_t> ends;

    void clear() {
        addresses.clear();
        ends.clear();
    }
};

class CallTree {
public:
    CallTree() { clear(); }

    void clear() {
        nodes_.clear();
        nodes_.push_back({0, 0, 0});
        children_.clear();
    }

    void add(const SymbolTable& table, const Address* first, const Address* last) {
        std::uint32_t at = 0;
        for (; first != last; ++first) at = child(at, table.find(*first));
        nodes_[at].self += 1;
    }

    std::vector<std::pair<std::uint32_t, std::uint32_t>> hottest(std::size_t number) const {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> found;
        found.reserve(nodes_.size());
        for (std::uint32_t at = 1; at < nodes_.size(); ++at)
            if (nodes_[at].self != 0) found.emplace_back(nodes_[at].self, at);
        const auto end = found.begin() + std::min(number, found.size());
        std::partial_sort(found.begin(), end, found.end(), std::greater<>());
        found.erase(end, found.end());
        return found;
    }

    std::string path(const SymbolTable& table, std::uint32_t at) const {
        std::vector<std::uint32_t> up;
        for (; at != 0; at = nodes_[at].parent) up.push_back(nodes_[at].symbol);
        std::string text;
        for (auto one = up.rbegin(); one != up.rend(); ++one) {
            if (!text.empty()) text += ';';
            text += table.name(*one);
        }
        return text;
    }

    std::size_t size() const { return nodes_.size(); }

private:
    struct Node {
        std::uint32_t parent, symbol, self;
    };

    std::uint32_t child(std::uint32_t parent, std::uint32_t symbol) {
        const auto key = std::uint64_t{parent} << 32 | symbol;
        const auto [found, made] = children_.try_emplace(key, static_cast<std::uint32_t>(nodes_.size()));
        if (made) nodes_.push_back({parent, symbol, 0});
        return found->second;
    }

    std::vector<Node> nodes_;
    std::unordered_map<std::uint64_t, std::uint32_t> children_;
};

class Mailbox {
public:
    void hand_in(Samples& samples) {
        std::unique_lock<std::mutex> lock(mutex_);
        emptied_.wait(lock, [&] { return !full_; });
        std::swap(samples, held_);
        full_ = true;
        filled_.notify_one();
    }

    void take(Samples& samples) {
        std::unique_lock<std::mutex> lock(mutex_);
        filled_.wait(lock, [&] { return full_; });
        std::swap(samples, held_);
        full_ = false;
        emptied_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_, emptied_;
    Samples held_;
    bool full_ = false;
};

SymbolTable make_table() {
    std::mt19937_64 random(5);
    std::vector<Symbol> symbols;
    Address at = 0x400000;
    for (int n = 0; n < kSymbols; ++n) {
        symbols.push_back({at, "loom::shed" + std::to_string(n % 140) + "::pick_" + std::to_string(n)});
        at += 64 + random() % 2000;
    }
    return SymbolTable(std::move(symbols));
}

// The profilers: stacks whose frames call few others, as in real programs.
void profilers(const SymbolTable& table, Mailbox& mailbox) {
    std::mt19937 random(11);
    Samples samples;
    auto due = Clock::now();
    for (;;) {
        samples.clear();
        for (int n = 0; n < kStacks; ++n) {
            const auto depth = 8 + random() % 16;
            std::uint32_t symbol = random() % 4;
            for (unsigned level = 0; level < depth; ++level) {
                const auto chance = random();
                samples.addresses.push_back(table.begin_of(symbol) + chance % 64);
                symbol = (symbol * 31 + 7 + (chance >> 8) % 64 / 63) % kSymbols;
            }
            samples.ends.push_back(static_cast<std::uint32_t>(samples.addresses.size()));
        }
        mailbox.hand_in(samples);
        due = std::max(due + std::chrono::seconds(1), Clock::now());
        std::this_thread::sleep_until(due);
    }
}

int main() {
    const auto table = make_table();
    Mailbox mailbox;
    std::thread(profilers, std::cref(table), std::ref(mailbox)).detach();
    Samples samples;
    CallTree tree;
    for (int window = 0;; ++window) {
        mailbox.take(samples);
        tree.clear();
        std::uint32_t begin = 0;
        for (const auto end : samples.ends) {
            tree.add(table, samples.addresses.data() + begin, samples.addresses.data() + end);
            begin = end;
        }
        std::ofstream out("hottest.txt");
        out << "window " << window << ", " << samples.ends.size() << " stacks, " << tree.size() << " nodes\n";
        for (const auto& [count, at] : tree.hottest(kTop)) out << count << ' ' << tree.path(table, at) << '\n';
        if (window == 1) std::cout << "ready " << getpid() << std::endl;
    }
}
