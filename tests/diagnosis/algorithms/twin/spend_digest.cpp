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
    void Byte(uint8_t b) { m_state = (m_state ^ b) * 0x100000001b3ULL; } // <- hot 46
    uint64_t m_state{0xcbf29ce484222325ULL};
};

struct PrecomputedData {
    uint64_t hash_inputs;
    uint64_t hash_outputs;

    explicit PrecomputedData(const Transaction& tx)
    {
        HashWriter in_hash, out_hash;
        for (const TxIn& in : tx.vin) in_hash << in.prevout.hash << in.prevout.n << in.sequence; // <- hot 12
        for (const TxOut& out : tx.vout) out_hash << out.value << out.script;
        hash_inputs = in_hash.GetHash();
        hash_outputs = out_hash.GetHash();
    }
};

static uint64_t SignatureHash(const Transaction& tx, size_t index, uint8_t hash_type, const PrecomputedData& cache)
{
    HashWriter ss;
    ss << tx.version << cache.hash_inputs;
    ss << tx.vin[index].prevout.hash << tx.vin[index].amount; // <- hot 14
    ss << cache.hash_outputs << tx.lock_time << hash_type;
    return ss.GetHash();
}

static bool CheckSignature(const std::vector<uint8_t>& sig, uint64_t digest)
{
    uint64_t acc = 0;
    for (size_t i = 0; i < 8 && i < sig.size(); i++) acc |= uint64_t(sig[i]) << (8 * i); // <- hot 20
    return acc == digest;
}

bool VerifyTransaction(const Transaction& tx)
{
    const PrecomputedData cache(tx);
    for (size_t i = 0; i < tx.vin.size(); i++) {
        const uint64_t digest = SignatureHash(tx, i, 1, cache);
        if (!CheckSignature(tx.vin[i].signature, digest)) return false;
    }
    return true;
}
