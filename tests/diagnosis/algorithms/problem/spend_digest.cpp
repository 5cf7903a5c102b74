#include <cstddef>
#include <cstdint>
#include <vector>

struct OutPoint {
    uint64_t hash;
    uint32_t n;
};

struct TxIn {
    OutPoint prevout;
    uint32_t sequence;
    int64_t amount;
    std::vector<uint8_t> signature;
};

struct TxOut {
    int64_t value;
    std::vector<uint8_t> script;
};

struct Transaction {
    int32_t version;
    std::vector<TxIn> vin;
    std::vector<TxOut> vout;
    uint32_t lock_time;
};

class HashWriter {
public:
    template <typename T>
    HashWriter& operator<<(T v) {
        for (size_t i = 0; i < sizeof(T); i++) Byte(uint8_t(uint64_t(v) >> (8 * i)));
        return *this;
    }
    HashWriter& operator<<(const std::vector<uint8_t>& bytes) {
        for (uint8_t b : bytes) Byte(b);
        return *this;
    }
    uint64_t GetHash() const { return m_state; }

private:
    void Byte(uint8_t b) { m_state = (m_state ^ b) * 0x100000001b3ULL; } // <- hot 58
    uint64_t m_state{0xcbf29ce484222325ULL};
};

static uint64_t SignatureHash(const Transaction& tx, size_t index, uint8_t hash_type)
{
    HashWriter ss;
    ss << tx.version;
    for (const TxIn& in : tx.vin) { // <- cost
        ss << in.prevout.hash << in.prevout.n << in.sequence; // <- cost hot 19
    }
    ss << tx.vin[index].prevout.hash << tx.vin[index].amount;
    for (const TxOut& out : tx.vout) { // <- cost
        ss << out.value << out.script; // <- hot 15
    }
    ss << tx.lock_time << hash_type;
    return ss.GetHash();
}

static bool CheckSignature(const std::vector<uint8_t>& sig, uint64_t digest)
{
    uint64_t acc = 0;
    for (size_t i = 0; i < 8 && i < sig.size(); i++) acc |= uint64_t(sig[i]) << (8 * i);
    return acc == digest;
}

bool VerifyTransaction(const Transaction& tx)
{
    for (size_t i = 0; i < tx.vin.size(); i++) {
        const uint64_t digest = SignatureHash(tx, i, 1); // <- cost
        if (!CheckSignature(tx.vin[i].signature, digest)) return false;
    }
    return true;
}
