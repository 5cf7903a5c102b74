// expect: pattern=fragmentation bench
// Takes the nights of meerkats from their collars: a base at each burrow sends a night in packets of packed postures;
// each night is unpacked, condensed to a digest of how long was stood, dug or slept, and its digest kept in memory for
// the ethologists' questions. A collar's season has so many nights, and a new one replaces the same night of last year.
//
// Measured: 65 nights a second, 20 KiB/s of digests; memory grows by 3.8 MiB/s, in the twin by 0.03 MiB/s.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

namespace meerkats {

constexpr size_t kNight = 60 * 1024;  // postures of a night, one a byte
constexpr unsigned kCollars = 120, kNights = 120;

struct Packet {
    uint32_t key;   // collar * kNights + night
    uint16_t runs;  // pairs of a posture and how long
    uint16_t last;
};

struct Release {
    void operator()(char* text) const { std::free(text); }
};
using Text = std::unique_ptr<char, Release>;

struct Digest {
    Text parts;
    uint32_t size = 0;
};

Text allocate(size_t size) {
    Text text(static_cast<char*>(std::malloc(size)));
    if (!text) throw std::bad_alloc();
    return text;
}

// A night while its packets come.
class Night {
public:
    explicit Night(uint32_t key) : key_(key), page_(allocate(kNight)) {}  // <- cost

    uint32_t key() const { return key_; }

    void unpack(const uint8_t* runs, size_t number) {
        for (size_t i = 0; i < number; ++i) {
            size_t length = std::min<size_t>(runs[2 * i + 1], kNight - used_);
            std::memset(page_.get() + used_, runs[2 * i], length);
            used_ += length;
        }
    }

    // Condense what was unpacked to parts of three bytes: a posture, and for how many samples; short twitches go to
    // the part before.
    Digest condense() && {
        char* page = page_.release();
        size_t size = 0;
        for (size_t at = 0, end; at < used_; at = end) {
            char posture = page[at];
            for (end = at + 1; end < used_ && (page[end] == posture || end - at < 3); ++end) continue;
            size_t length = end - at;
            if (size && (length < 40 || page[size - 3] == posture)) {
                store(page + size - 3, length_of(page + size - 3) + length);
            } else {
                page[size] = posture;
                store(page + size, length);
                size += 3;
            }
        }
        Digest digest;
        digest.size = uint32_t(size);
        digest.parts.reset(static_cast<char*>(std::realloc(page, std::max<size_t>(size, 1))));  // <- cost
        return digest;
    }

private:
    static size_t length_of(const char* part) { return uint8_t(part[1]) | size_t(uint8_t(part[2])) << 8; }
    static void store(char* part, size_t length) {
        length = std::min<size_t>(length, 0xffff);
        part[1] = char(length & 0xff);
        part[2] = char(length >> 8);
    }

    uint32_t key_;
    Text page_;
    size_t used_ = 0;
};

class Season {
public:
    void keep(uint32_t key, Digest digest) {
        Digest& place = digests_[key];
        bytes_ += digest.size;
        bytes_ -= place.size;
        place = std::move(digest);
    }
    // How long the meerkats of some nights were in a posture.
    uint64_t spent(char posture, uint32_t first, uint32_t number) const {
        uint64_t total = 0;
        for (uint32_t key = first; key < first + number; ++key) {
            auto found = digests_.find(key);
            if (found == digests_.end()) continue;
            const char* parts = found->second.parts.get();
            for (uint32_t at = 0; at + 3 <= found->second.size; at += 3)
                if (parts[at] == posture) total += uint8_t(parts[at + 1]) | uint64_t(uint8_t(parts[at + 2])) << 8;
        }
        return total;
    }
    size_t nights() const { return digests_.size(); }
    uint64_t bytes() const { return bytes_; }

private:
    std::unordered_map<uint32_t, Digest> digests_;
    uint64_t bytes_ = 0;
};

// A burrow's base: bytes come as they like, packets are taken when they are whole.
class Base {
public:
    explicit Base(int line) : line_(line), bytes_(4096) {}

    int line() const { return line_; }

    bool receive(Season& season) {
        ssize_t got = recv(line_, bytes_.data() + filled_, bytes_.size() - filled_, 0);
        if (got <= 0) return false;
        filled_ += size_t(got);
        size_t taken = 0;
        Packet packet;
        while (filled_ - taken >= sizeof packet) {
            std::memcpy(&packet, bytes_.data() + taken, sizeof packet);
            size_t whole = sizeof packet + size_t(packet.runs) * 2;
            if (whole > bytes_.size() || packet.key >= kCollars * kNights) throw std::runtime_error("not a packet");
            if (filled_ - taken < whole) break;
            take(packet, bytes_.data() + taken + sizeof packet, season);
            taken += whole;
        }
        std::memmove(bytes_.data(), bytes_.data() + taken, filled_ - taken);
        filled_ -= taken;
        return true;
    }

private:
    void take(const Packet& packet, const uint8_t* runs, Season& season) {
        if (!night_ || night_->key() != packet.key) night_ = std::make_unique<Night>(packet.key);
        night_->unpack(runs, packet.runs);
        if (!packet.last) return;
        season.keep(packet.key, std::move(*night_).condense());
        night_.reset();
    }

    int line_;
    std::vector<uint8_t> bytes_;
    size_t filled_ = 0;
    std::unique_ptr<Night> night_;
};

sockaddr_in here(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(uint16_t(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// The bases, in a process of their own: sixteen of them send a packet in turn, eight packets a night.
int bases(int port, int packets_a_second) {
    constexpr unsigned number = 16;
    std::array<int, number> lines{};
    sockaddr_in address = here(port);
    for (int& line : lines)
        if (connect(line = socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address))
            return 1;
    std::vector<uint8_t> text(sizeof(Packet) + 2 * 60);
    auto due = std::chrono::steady_clock::now();
    uint32_t random = 77;
    for (uint32_t turn = 0;; ++turn) {
        uint32_t base = turn % number, step = turn / number + base * 3;  // each is at another place of its night
        uint32_t night = step / 8 * number + base;
        Packet packet{night % (kCollars * kNights), 60, uint16_t(step % 8 == 7)};
        std::memcpy(text.data(), &packet, sizeof packet);
        for (unsigned i = 0; i < 60; ++i) {
            random = random * 1664525 + 1013904223;
            text[sizeof packet + 2 * i] = uint8_t("sgdfw"[(random >> 16) % (i % 8 == 0 ? 5 : 1)]);
            text[sizeof packet + 2 * i + 1] = uint8_t(110 + (random >> 24) % 32);
        }
        if (send(lines[base], text.data(), text.size(), MSG_NOSIGNAL) < 0) return 0;
        due += std::chrono::microseconds(1000000 / packets_a_second);
        std::this_thread::sleep_until(due);
    }
}

void start_bases(int port) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self);
    if (length < 0) throw std::system_error(errno, std::generic_category(), "readlink");
    std::string command = "'" + std::string(self, size_t(length)) + "' bases " + std::to_string(port);
    if (std::system((command + " </dev/null >/dev/null 2>&1 &").c_str())) throw std::runtime_error("no bases");
}

}  // namespace meerkats

int main(int count, char** words) {
    using namespace meerkats;
    if (count == 3 && !std::strcmp(words[1], "bases")) return bases(std::atoi(words[2]), 520);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = here(0);
    socklen_t size = sizeof address;
    if (bind(door, reinterpret_cast<sockaddr*>(&address), size) || listen(door, 64) ||
        getsockname(door, reinterpret_cast<sockaddr*>(&address), &size))
        throw std::system_error(errno, std::generic_category(), "listen");
    start_bases(ntohs(address.sin_port));
    Season season;
    std::vector<std::unique_ptr<Base>> open;
    std::vector<pollfd> watched{{door, POLLIN, 0}};
    auto began = std::chrono::steady_clock::now(), reported = began;
    bool told = false;
    while (poll(watched.data(), watched.size(), 1000) >= 0) {
        for (size_t i = 1; i < watched.size(); ++i)
            if (watched[i].revents && !open[i - 1]->receive(season)) return 0;  // the burrows have gone
        if (watched[0].revents) {
            int line = accept(door, nullptr, nullptr);
            open.push_back(std::make_unique<Base>(line));
            watched.push_back({line, POLLIN, 0});
        }
        auto now = std::chrono::steady_clock::now();
        if (!told && now - began > std::chrono::seconds(1)) {
            std::cout << "ready " << getpid() << std::endl;
            told = true;
        }
        if (now - reported > std::chrono::seconds(5)) {
            std::cerr << season.nights() << " nights, " << season.bytes() / 1024 << " KiB of digests, stood "
                      << season.spent('s', 0, kNights) << "\n";
            reported = now;
        }
    }
}
