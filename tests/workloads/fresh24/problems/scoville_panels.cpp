// expect: pattern=repeated-computation bench
// Takes the notes of chilli tasting panels: tasters type how hot a sample is and when it bites; each note comes as a line
// over TCP. The program checks it, puts it down to its variety, and keeps for each variety the heat that the panels agree
// on (the median of the last 63 notes) and an estimate of its Scoville units.
//
// Measured: a note takes 570 us, in the twin 2.7 us; 43 % of a core for 1000 notes a second, in the twin 0.4 %.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

constexpr int kVarieties = 40, kNotesPerTick = 10, kTickMillis = 10;
constexpr size_t kAgreeing = 63;

struct Note {
    std::string variety;
    int panel = 0;
    int lot = 0;
    double heat = 0;
    int onset = 0;
    std::string words;
};

// Reads the lines that the tasters' tablets send.
class NoteReader {
public:
    std::optional<Note> read(const std::string &line) {
        const std::regex form( // <- cost
            R"re((\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d) P(\d{1,2}) ([A-Z]{3})-(\d{3,5}) heat=(\d+(?:\.\d)?) )re" // <- cost
            R"re(onset=(\d{1,3})s "([^"]*)")re"); // <- cost
        std::smatch found;
        if (!std::regex_match(line, found, form)) {
            refused_++;
            return std::nullopt;
        }
        Note note;
        note.panel = std::stoi(found[5]);
        note.variety = found[6].str();
        note.lot = std::stoi(found[7]);
        note.heat = std::stod(found[8]);
        note.onset = std::stoi(found[9]);
        note.words = found[10].str();
        if (note.heat > 10 || note.onset > 600) {
            refused_++;
            return std::nullopt;
        }
        return note;
    }

    unsigned refused() const { return refused_; }

private:
    unsigned refused_ = 0;
};

// What the panels agree on about a variety.
class Variety {
public:
    void add(const Note &note) {
        heats_[next_] = note.heat;
        onsets_[next_] = note.onset;
        next_ = (next_ + 1) % kAgreeing;
        known_ = std::min(known_ + 1, kAgreeing);
        notes_++;
        if (note.words.find("smoky") != std::string::npos) smoky_++;
        agree();
    }

    double heat() const { return heat_; }
    double scoville() const { return scoville_; }
    unsigned notes() const { return notes_; }
    unsigned smoky() const { return smoky_; }

private:
    void agree() {
        std::array<double, kAgreeing> sorted;
        std::copy_n(heats_.begin(), known_, sorted.begin());
        std::nth_element(sorted.begin(), sorted.begin() + known_ / 2, sorted.begin() + known_);
        heat_ = sorted[known_ / 2];
        double wait = 0;
        for (size_t i = 0; i < known_; i++) wait += onsets_[i];
        scoville_ = 100 * std::pow(10.0, heat_ * 0.42) * (1 + 5 / (1 + wait / known_));
    }

    std::array<double, kAgreeing> heats_{};
    std::array<int, kAgreeing> onsets_{};
    size_t next_ = 0, known_ = 0;
    unsigned notes_ = 0, smoky_ = 0;
    double heat_ = 0, scoville_ = 0;
};

class Kitchen {
public:
    void take(const std::string &line) {
        const auto began = std::chrono::steady_clock::now();
        if (const auto note = reader_.read(line)) varieties_[note->variety].add(*note);
        spent_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        taken_++;
        if (taken_ % 5000 == 0) publish();
    }

    unsigned taken() const { return taken_; }

private:
    void publish() {
        std::vector<std::pair<std::string, const Variety *>> order;
        for (const auto &[name, variety] : varieties_) order.emplace_back(name, &variety);
        std::sort(order.begin(), order.end(),
                  [](const auto &a, const auto &b) { return a.second->scoville() > b.second->scoville(); });
        std::ofstream out("varieties.txt");
        for (const auto &[name, variety] : order)
            out << name << ' ' << variety->heat() << ' ' << std::lround(variety->scoville()) << ' ' << variety->notes()
                << ' ' << variety->smoky() << '\n';
        std::cerr << taken_ << " notes, " << reader_.refused() << " refused, " << spent_ / taken_ * 1e6 << " us each\n";
    }

    NoteReader reader_;
    std::unordered_map<std::string, Variety> varieties_;
    unsigned taken_ = 0;
    double spent_ = 0;
};

int listen_here(int &port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    if (listener < 0 || bind(listener, reinterpret_cast<sockaddr *>(&here), size) || listen(listener, 4) ||
        getsockname(listener, reinterpret_cast<sockaddr *>(&here), &size))
        throw std::runtime_error(std::string("listen: ") + std::strerror(errno));
    port = ntohs(here.sin_port);
    return listener;
}

// The part of the panels: a few notes each 10 ms.
int panels(int port) {
    int line = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    there.sin_port = htons(static_cast<uint16_t>(port));
    if (connect(line, reinterpret_cast<sockaddr *>(&there), sizeof there)) return 1;
    const char *const words[] = {"smoky, late", "bright; citrus", "grass and apricot", "smoky then sweet", "flat"};
    unsigned number = 0;
    auto due = std::chrono::steady_clock::now();
    for (;;) {
        std::string text;
        for (int i = 0; i < kNotesPerTick; i++, number++) {
            const unsigned kind = number * 7 % kVarieties;
            char note[160];
            std::snprintf(note, sizeof note, "2031-09-%02uT%02u:%02u:%02u P%u H%c%c-%u heat=%u.%u onset=%us \"%s\"\n",
                          1 + number / 86400 % 28, number / 3600 % 24, number / 60 % 60, number % 60, 1 + number % 12,
                          'A' + kind / 8, 'A' + kind % 8, 100 + number % 900, kind % 9, number % 10, 3 + number % 70,
                          words[number % 5]);
            text += note;
        }
        if (send(line, text.data(), text.size(), MSG_NOSIGNAL) < 0) return 0;
        due += std::chrono::milliseconds(kTickMillis);
        std::this_thread::sleep_until(due);
    }
}

int main(int count, char **words) {
    if (count == 3 && !std::strcmp(words[1], "panels")) return panels(std::atoi(words[2]));
    int port = 0;
    const int listener = listen_here(port);
    const std::string start = "'" + std::string(words[0]) + "' panels " + std::to_string(port) + " >/dev/null 2>&1 &";
    if (std::system(start.c_str())) return 1;
    const int line = accept(listener, nullptr, nullptr);
    Kitchen kitchen;
    std::string pending;
    std::array<char, 1 << 14> block;
    bool ready = false;
    for (;;) {
        const ssize_t got = recv(line, block.data(), block.size(), 0);
        if (got <= 0) return 1;
        pending.append(block.data(), static_cast<size_t>(got));
        size_t from = 0;
        for (size_t end; (end = pending.find('\n', from)) != std::string::npos; from = end + 1)
            kitchen.take(pending.substr(from, end - from));
        pending.erase(0, from);
        if (!ready && kitchen.taken() > 1500) {
            ready = true;
            std::printf("ready %d\n", static_cast<int>(getpid()));
            std::fflush(stdout);
        }
    }
}
