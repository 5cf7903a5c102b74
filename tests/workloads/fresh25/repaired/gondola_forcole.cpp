// expect: healthy bench
// Tells the price and the weeks of work of a forcola (the carved oarlock of a gondola) to the rowing clubs that ask
// over the network: what the wood, the shape and the carver's hours make. Its tariffs stand in a file of settings,
// which is parsed at the start; the answers of the season are counted by wood.
//
// Measured: 1000 questions a second; CPU 34 % of a core, in the twin 1.2 %: 0.34 ms for an answer instead of 0.01.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

constexpr unsigned kShapes = 840, kClubs = 4, kAsked = 300;  // questions of each club a second
constexpr std::array<const char *, 5> kWoods{"walnut", "cherry", "maple", "pear", "plum"};

class Value {
public:
    using List = std::vector<Value>;
    using Table = std::map<std::string, Value>;

    Value() : held_(0.0) {}
    template <typename Kind>
    explicit Value(Kind held) : held_(std::move(held)) {}

    double number() const { return std::get<double>(held_); }
    const std::string &text() const { return std::get<std::string>(held_); }
    const List &list() const { return std::get<List>(held_); }
    const Table &table() const { return std::get<Table>(held_); }

    const Value &at(const std::string &name) const {
        const Table &members = table();
        auto found = members.find(name);
        if (found == members.end()) throw std::out_of_range("no " + name);
        return found->second;
    }

private:
    std::variant<double, std::string, List, Table> held_;
};

// Reads tables {name: value, …}, lists [value, …], "texts" and numbers.
class Parser {
public:
    explicit Parser(std::string_view text) : left_(text) {}

    Value parse() {
        char first = peek();
        if (first == '{') {
            Value::Table members;
            each('}', [&] {
                std::string name = word();
                expect(':');
                members.emplace(std::move(name), parse());
            });
            return Value(std::move(members));
        }
        if (first == '[') {
            Value::List items;
            each(']', [&] { items.push_back(parse()); });
            return Value(std::move(items));
        }
        if (first == '"') return Value(word());
        char *end;
        std::string digits(left_.substr(0, 32));
        double number = std::strtod(digits.c_str(), &end);
        if (end == digits.c_str()) throw std::runtime_error("not a value: " + digits);
        left_.remove_prefix(static_cast<size_t>(end - digits.c_str()));
        return Value(number);
    }

private:
    char peek() {
        size_t blank = left_.find_first_not_of(" \n");
        if (blank == std::string_view::npos) throw std::runtime_error("settings end early");
        left_.remove_prefix(blank);
        return left_.front();
    }

    void expect(char wanted) {
        if (peek() != wanted) throw std::runtime_error(std::string("missing ") + wanted);
        left_.remove_prefix(1);
    }

    std::string word() {
        expect('"');
        size_t end = left_.find('"');
        std::string text(left_.substr(0, end));
        left_.remove_prefix(end + 1);
        return text;
    }

    template <typename Take>
    void each(char close, Take take) {
        left_.remove_prefix(1);
        while (peek() != close) {
            take();
            if (peek() == ',') left_.remove_prefix(1);
        }
        left_.remove_prefix(1);
    }

    std::string_view left_;
};

class Settings {
public:
    explicit Settings(const std::string &path) {
        std::ifstream file(path);
        std::string text{std::istreambuf_iterator<char>(file), {}};
        root_ = Parser(text).parse();
    }

    const Value &section(const std::string &name) const { return root_.at(name); }
    double surcharge() const { return root_.at("surcharge").number(); }

private:
    Value root_;
};

struct Question {
    std::string wood;
    size_t shape = 0;
    int height = 0;
};

struct Answer {
    double cents = 0;
    int weeks = 0;
};

class Workshop {
public:
    explicit Workshop(const Settings &settings) : settings_(settings) {}

    Answer quote(const Question &asked) {
        const auto &timber = settings_.section("timber");
        const auto &shapes = settings_.section("shapes");
        const Value &wood = timber.at(asked.wood);
        const Value &shape = shapes.list().at(asked.shape);
        double hours = shape.at("hours").number(), block = 0;
        for (const Value &cut : shape.at("cuts").list()) hours += cut.number() / 60 * wood.at("hardness").number();
        for (const Value &step : wood.at("blocks").list()) {
            block = step.at("cents").number();
            if (step.at("height").number() >= asked.height) break;
        }
        quoted_[asked.wood]++;
        return {block + hours * 4200 * settings_.surcharge(), 1 + static_cast<int>(hours / 22)};
    }

    std::string answer(const std::string &line) {
        std::istringstream words(line);
        Question asked;
        if (!(words >> asked.wood >> asked.shape >> asked.height)) return "unreadable\n";
        try {
            Answer told = quote(asked);
            char text[64];
            std::snprintf(text, sizeof text, "%.2f %d\n", told.cents / 100, told.weeks);
            return text;
        } catch (const std::out_of_range &) {
            return "unknown\n";
        }
    }

    const std::map<std::string, unsigned long> &quoted() const { return quoted_; }

private:
    const Settings &settings_;
    std::map<std::string, unsigned long> quoted_;
};

// The file, as the workshop's office writes it: five woods, and the shapes of two centuries with their cuts in minutes.
void write_settings(const char *path) {
    std::ofstream file(path);
    file << "{\"surcharge\": 1.07,\n\"timber\": {";
    for (size_t wood = 0; wood < kWoods.size(); wood++) {
        file << (wood ? ",\n\"" : "\n\"") << kWoods[wood] << "\": {\"hardness\": " << 0.8 + wood * 0.1;
        file << ", \"blocks\": [";
        for (int height = 40; height < 88; height += 2)
            file << (height > 40 ? ", " : "") << "{\"height\": " << height << ", \"cents\": " << height * 350 - 5000 << "}";
        file << "]}";
    }
    file << "},\n\"shapes\": [";
    for (unsigned shape = 0; shape < kShapes; shape++) {
        file << (shape ? ",\n" : "\n") << "{\"name\": \"forcola of the squero no. " << shape << "\", ";
        file << "\"hours\": " << 20 + shape % 17 << ", \"cuts\": [";
        for (unsigned cut = 0; cut < 12; cut++) file << (cut ? ", " : "") << 15 + (shape * 7 + cut * 11) % 40;
        file << "]}";
    }
    file << "]}\n";
}

int open_port(sockaddr_in &address) {
    int port = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof address;
    address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (port < 0 || bind(port, reinterpret_cast<sockaddr *>(&address), size) ||
        getsockname(port, reinterpret_cast<sockaddr *>(&address), &size)) {
        std::perror("port");
        std::exit(1);
    }
    return port;
}

// The program as a club: asks at its times, and reads what comes.
void ask(const char *desk, unsigned club) {
    sockaddr_in address{};
    int port = open_port(address);
    timeval patience{2, 0};
    setsockopt(port, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    address.sin_port = static_cast<in_port_t>(std::atoi(desk));
    auto due = std::chrono::steady_clock::now();
    for (unsigned turn = club, silent = 0; silent < 5; turn++) {
        char text[80];
        unsigned shape = turn * 7 % (kShapes + 1), height = 38 + turn * 3 % 50;
        int size = std::snprintf(text, sizeof text, "%s %u %u", kWoods[turn % 5], shape, height);
        sendto(port, text, static_cast<size_t>(size), 0, reinterpret_cast<sockaddr *>(&address), sizeof address);
        silent = recv(port, text, sizeof text, 0) <= 0 ? silent + 1 : 0;
        due += std::chrono::microseconds(1000000 / kAsked);
        std::this_thread::sleep_until(due);
    }
}

int main(int count, char **words) {
    if (count > 1) {
        std::vector<std::thread> clubs;
        for (unsigned club = 0; club < kClubs; club++) clubs.emplace_back(ask, words[1], club);
        for (auto &club : clubs) club.join();
        return 0;
    }
    write_settings("settings.conf");
    Settings settings("settings.conf");
    Workshop workshop(settings);
    sockaddr_in address{};
    int port = open_port(address);
    char self[4096] = {};
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 1;
    std::string start = "'" + std::string(self) + "' " + std::to_string(address.sin_port) + " >/dev/null 2>&1 &";
    if (std::system(start.c_str()) != 0) return 1;
    for (unsigned long answered = 1;; answered++) {
        char text[256];
        sockaddr_in club{};
        socklen_t size = sizeof club;
        ssize_t got = recvfrom(port, text, sizeof text, 0, reinterpret_cast<sockaddr *>(&club), &size);
        if (got < 0) continue;
        std::string told = workshop.answer(std::string(text, static_cast<size_t>(got)));
        if (sendto(port, told.data(), told.size(), 0, reinterpret_cast<sockaddr *>(&club), size) < 0)
            std::perror("send");
        if (answered == 1000) {
            std::printf("ready %d\n", getpid());
            std::fflush(stdout);
        }
        if (answered % 8000 == 0) {
            for (const auto &[wood, number] : workshop.quoted()) std::fprintf(stderr, "%s %lu ", wood.c_str(), number);
            std::fprintf(stderr, "\n");
        }
    }
}
