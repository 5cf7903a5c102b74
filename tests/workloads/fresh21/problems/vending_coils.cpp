// expect: pattern=memory-growth bench
// The head office of vending machines: two gateways at railway stations send what the machines sell, and get the
// receipts to print. A gateway that hears nothing sends its sale again, and must get the same receipt (the sale is not
// to be booked twice), so the office keeps what it answered.
//
// Measured: grows by 3.1 MiB/s, the twin stays at 10.0 MiB; both book 2800 sales a second; CPU 1.6 % and 1.5 %.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kMachines = 400, kCoils = 40, kGateways = 2, kBatch = 14;
constexpr auto kBeat = 10ms;

struct Sale {
    std::string id;
    int machine = 0, coil = 0, cents = 0;
};

// "ID MACHINE COIL CENTS", as a gateway sends it.
Sale parse(std::string_view line) {
    Sale sale;
    const auto space = line.find(' ');
    if (space == std::string_view::npos || space == 0) throw std::invalid_argument("no id");
    sale.id = line.substr(0, space);
    const std::string rest(line.substr(space + 1));
    if (std::sscanf(rest.c_str(), "%d %d %d", &sale.machine, &sale.coil, &sale.cents) != 3)
        throw std::invalid_argument("sale " + sale.id + ": " + rest);
    if (sale.machine < 0 || sale.machine >= kMachines || sale.coil < 0 || sale.coil >= kCoils)
        throw std::out_of_range("sale " + sale.id + ": no such coil");
    return sale;
}

struct Machine {
    std::array<int, kCoils> stock;
    long takings = 0;
    int refills = 0;
    Machine() { stock.fill(24); }
};

class Ledger {
public:
    Ledger() : machines_(kMachines) {}

    // Books a sale; what is left on the coil.
    int book(const Sale& sale) {
        Machine& machine = machines_[sale.machine];
        machine.takings += sale.cents;
        int& left = machine.stock[sale.coil];
        if (--left == 0) {
            left = 24;
            machine.refills++;
        }
        return left;
    }

    long takings() const {
        long sum = 0;
        for (const Machine& machine : machines_) sum += machine.takings;
        return sum;
    }

private:
    std::vector<Machine> machines_;
};

// The strip that the machine prints: 40 characters a line.
class Receipt {
public:
    Receipt& row(std::string_view left, std::string_view right = "") {
        const std::size_t gap = kWidth - std::min(kWidth, left.size() + right.size());
        text_.append(left).append(gap, ' ').append(right).push_back('\n');
        return *this;
    }
    Receipt& money(std::string_view what, int cents) {
        char amount[24];
        const int size = std::snprintf(amount, sizeof amount, "%d.%02d", cents / 100, cents % 100);
        return row(what, std::string_view(amount, size));
    }
    Receipt& rule() {
        text_.append(kWidth, '-').push_back('\n');
        return *this;
    }
    const std::string& text() const { return text_; }

private:
    static constexpr std::size_t kWidth = 40;
    std::string text_;
};

std::string render(const Sale& sale) {
    const int tax = sale.cents * 7 / 107;
    Receipt receipt;
    receipt.row("STATION VENDING LTD").row("12 Viaduct Arches").rule();
    receipt.row("Machine", std::to_string(sale.machine)).row("Coil", std::to_string(sale.coil)).rule();
    receipt.money("Net", sale.cents - tax).money("Tax 7 %", tax).money("Total", sale.cents).rule();
    receipt.row("Sale", sale.id).row("Not cold? Not sweet? Call 0800 COILS").rule();
    for (std::size_t line = 0; line < 12; line++) {
        const auto seal = std::hash<std::string>{}(sale.id + char('a' + line)) ^ std::size_t(sale.cents);
        receipt.row("fiscal " + std::to_string(line), std::to_string(seal));
    }
    return receipt.text();
}

class Office {
public:
    // The receipt of a sale: the one that was printed before, if the gateway sends it again.
    const std::string& receipt(const Sale& sale) {
        const auto known = answered_.find(sale.id);
        if (known != answered_.end()) {
            repeated_++;
            return known->second;
        }
        ledger_.book(sale);
        booked_++;
        const std::string text = render(sale);
        return answered_.emplace(sale.id, text).first->second; // <- cost
    }

    void report() const {
        std::cerr << booked_ << " sales booked, " << repeated_ << " sent again, " << std::fixed << std::setprecision(2)
                  << ledger_.takings() / 100.0 << " taken\n";
    }

private:
    Ledger ledger_;
    std::unordered_map<std::string, std::string> answered_;
    long booked_ = 0, repeated_ = 0;
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void send_all(int line, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = send(line, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        text.remove_prefix(sent);
    }
}

// One gateway: what it sent but not finished, and what it gets.
class Gateway {
public:
    explicit Gateway(int line) : line_(line) {}
    int line() const { return line_; }

    void take(Office& office) {
        char bytes[1 << 14];
        const ssize_t got = read(line_, bytes, sizeof bytes);
        if (got <= 0) fail("gateway");
        pending_.append(bytes, got);
        answers_.clear();
        std::size_t from = 0;
        for (std::size_t end; (end = pending_.find('\n', from)) != std::string::npos; from = end + 1) {
            try {
                answers_ += office.receipt(parse(std::string_view(pending_).substr(from, end - from)));
            } catch (const std::logic_error& error) {
                answers_.append("refused: ").append(error.what()).push_back('\n');
            }
        }
        pending_.erase(0, from);
        send_all(line_, answers_);
    }

private:
    int line_;
    std::string pending_, answers_;
};

void serve(Office& office, std::vector<Gateway>& gateways) {
    std::vector<pollfd> lines;
    for (const Gateway& gateway : gateways) lines.push_back({gateway.line(), POLLIN, 0});
    const auto start = Clock::now();
    auto next = start + 10s;
    for (bool told = false;;) {
        if (poll(lines.data(), lines.size(), 1000) < 0 && errno != EINTR) fail("poll");
        for (std::size_t i = 0; i < lines.size(); i++)
            if (lines[i].revents) gateways[i].take(office);
        if (!told && Clock::now() - start > 4s) {
            std::cout << "ready " << getpid() << std::endl;
            told = true;
        }
        if (Clock::now() >= next) {
            office.report();
            next += 10s;
        }
    }
}

int connect_to(int port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int line = socket(AF_INET, SOCK_STREAM, 0);
    if (line < 0 || connect(line, reinterpret_cast<sockaddr*>(&to), sizeof to)) fail("connect");
    return line;
}

// The machines behind the gateways: each gateway sends a batch at each beat, and one sale of half a second ago again.
void sell(int port) {
    const int lines[kGateways] = {connect_to(port), connect_to(port)};
    std::vector<std::string> sent(50);
    std::vector<char> paper(1 << 18);
    auto due = Clock::now();
    for (unsigned beat = 0;; beat++) {
        for (int line : lines) {
            std::string batch, &again = sent[beat % sent.size()];
            if (line == lines[0]) batch.swap(again);
            for (int i = 0; i < kBatch; i++) {
                const unsigned number = beat * kBatch + i;
                const std::string sale = std::to_string(line) + "-" + std::to_string(1000000u + number) + " " +
                    std::to_string(number * 7919 % kMachines) + " " + std::to_string(rand() % kCoils) + " " +
                    std::to_string(80 + rand() % 30 * 10) + "\n";
                if (line == lines[0] && i == 0) again = sale;
                batch += sale;
            }
            send_all(line, batch);
            while (recv(line, paper.data(), paper.size(), MSG_DONTWAIT) > 0) {
            }
        }
        std::this_thread::sleep_until(due += kBeat);
    }
}

} // namespace

int main(int argc, char** argv) try {
    if (argc > 1) {
        sell(std::atoi(argv[1]));
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
    char self[512] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) fail("readlink");
    std::ostringstream load;
    load << "'" << self << "' " << ntohs(at.sin_port) << " >/dev/null 2>&1 &";
    if (std::system(load.str().c_str())) return 1;
    std::vector<Gateway> gateways;
    while (gateways.size() < kGateways) gateways.emplace_back(accept(listener, nullptr, nullptr));
    Office office;
    serve(office, gateways);
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
