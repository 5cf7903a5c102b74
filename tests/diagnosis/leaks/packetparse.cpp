#include <cstdint>
#include <cstring>
#include <map>
#include <queue>
#include <string>
#include <vector>

struct Option {
    uint8_t kind;
    std::vector<uint8_t> value;
};

struct Packet {
    uint32_t source = 0;
    uint16_t length = 0;
    uint8_t* payload = nullptr;
    std::vector<Option> options;
    ~Packet() { delete[] payload; }
};

class Decoder {
public:
    bool push(const uint8_t* data, size_t n) {
        Packet* p = decode(data, n);
        if (!p) {
            errors_++;
            return false;
        }
        ready_.push(p);
        perSource_[p->source] += p->length;
        return true;
    }

    template <typename F>
    void drain(F&& f) {
        while (!ready_.empty()) {
            Packet* p = ready_.front();
            ready_.pop();
            f(*p);
            delete p;
        }
        if (perSource_.size() > 4096) perSource_.clear();
    }

    size_t errors() const { return errors_; }

private:
    static uint16_t sum(const uint8_t* d, size_t n) {
        uint32_t s = 0;
        for (size_t i = 0; i < n; i++) s += d[i];
        return uint16_t(s);
    }

    Packet* decode(const uint8_t* d, size_t n) {
        if (n < 8) return nullptr;
        Packet* p = new Packet; // <- made 10 <- cost
        std::memcpy(&p->source, d, 4);
        std::memcpy(&p->length, d + 4, 2);
        uint16_t check;
        std::memcpy(&check, d + 6, 2);
        size_t at = 8;
        while (at + 2 <= n && d[at] != 0) {
            Option o;
            o.kind = d[at];
            size_t len = d[at + 1];
            if (at + 2 + len > n) {
                delete p;
                return nullptr;
            }
            o.value.assign(d + at + 2, d + at + 2 + len);
            p->options.push_back(std::move(o));
            at += 2 + len;
        }
        at++;
        if (at + p->length > n) {
            delete p;
            return nullptr;
        }
        p->payload = new uint8_t[p->length]; // <- made 90
        std::memcpy(p->payload, d + at, p->length);
        if (sum(p->payload, p->length) != check) return nullptr; // <- cost
        return p;
    }

    std::queue<Packet*> ready_;
    std::map<uint32_t, uint64_t> perSource_;
    size_t errors_ = 0;
};
