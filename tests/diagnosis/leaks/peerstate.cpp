#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct Endpoint {
    uint32_t ip;
    uint16_t port;
    bool operator==(const Endpoint& o) const { return ip == o.ip && port == o.port; }
};

struct EndpointHash {
    size_t operator()(const Endpoint& e) const { return (size_t(e.ip) << 16) ^ e.port; }
};

struct Reassembly {
    std::vector<uint8_t> bytes;
    std::vector<bool> have;
    uint32_t missing;

    Reassembly(uint32_t parts, uint32_t part_size)
        : bytes(size_t(parts) * part_size), // <- made 95
          have(parts), missing(parts) {}
};

class Peer {
public:
    explicit Peer(Endpoint e) : where_(e) {}

    bool fragment(uint32_t msg, uint32_t part, uint32_t parts, const uint8_t* d, uint32_t n) {
        auto it = partial_.find(msg);
        if (it == partial_.end())
            it = partial_.emplace(msg, Reassembly(parts, kPart)).first; // <- made 5 <- cost
        Reassembly& r = it->second;
        if (part >= r.have.size() || n > kPart || r.have[part]) return false;
        std::copy(d, d + n, r.bytes.begin() + size_t(part) * kPart);
        r.have[part] = true;
        if (--r.missing) return false;
        complete_.push_back(std::move(r.bytes));
        partial_.erase(it); // <- cost
        return true;
    }

    bool next(std::vector<uint8_t>& out) {
        if (complete_.empty()) return false;
        out = std::move(complete_.front());
        complete_.pop_front();
        return true;
    }

    uint64_t last_heard = 0;

private:
    static constexpr uint32_t kPart = 1200;
    Endpoint where_;
    std::unordered_map<uint32_t, Reassembly> partial_; // <- cost
    std::deque<std::vector<uint8_t>> complete_;
};

class Transport {
public:
    Peer& peer(const Endpoint& e, uint64_t now) {
        auto& p = peers_[e];
        if (!p) p = std::make_unique<Peer>(e);
        p->last_heard = now;
        return *p;
    }

    void expire(uint64_t now) {
        for (auto it = peers_.begin(); it != peers_.end();) {
            if (now - it->second->last_heard > 60000)
                it = peers_.erase(it);
            else
                ++it;
        }
    }

    template <typename F>
    void dispatch(F&& f) {
        std::vector<uint8_t> msg;
        for (auto& [e, p] : peers_)
            while (p->next(msg)) f(e, msg);
    }

private:
    std::unordered_map<Endpoint, std::unique_ptr<Peer>, EndpointHash> peers_;
};
