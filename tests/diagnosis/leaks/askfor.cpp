#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

using Hash = std::array<uint8_t, 32>;

struct Inv {
    uint32_t type;
    Hash hash;
    bool operator<(const Inv& o) const { return type != o.type ? type < o.type : hash < o.hash; }
};

struct Tx {
    Hash id;
    std::vector<Hash> inputs;
    std::vector<uint8_t> script;
};

struct Peer {
    int id = 0;
    std::multimap<int64_t, Inv> ask_for;
    std::set<Inv> known;
    std::deque<std::string> send_queue;
};

class Relay
{
public:
    void AddPeer(int id)
    {
        std::lock_guard<std::mutex> lock(m_mutex);
        m_peers[id] = std::make_unique<Peer>();
        m_peers[id]->id = id;
    }

    void RemovePeer(int id)
    {
        std::lock_guard<std::mutex> lock(m_mutex);
        m_peers.erase(id);
        for (auto it = m_orphans.begin(); it != m_orphans.end();) {
            it = it->second.first == id ? m_orphans.erase(it) : std::next(it);
        }
    }

    void OnInv(int id, const std::vector<uint8_t>& payload, int64_t now)
    {
        std::lock_guard<std::mutex> lock(m_mutex);
        Peer& peer = *m_peers.at(id);
        for (size_t at = 0; at + 33 <= payload.size(); at += 33) {
            Inv inv{payload[at], {}};
            std::copy(payload.begin() + at + 1, payload.begin() + at + 33, inv.hash.begin());
            if (peer.known.size() > 1000) peer.known.erase(peer.known.begin());
            peer.known.insert(inv);
            if (!m_pool.count(inv.hash)) AskFor(peer, inv, now);
        }
    }

    void OnTx(int id, const Tx& tx)
    {
        std::lock_guard<std::mutex> lock(m_mutex);
        for (const Hash& input : tx.inputs) {
            if (m_pool.count(input)) continue;
            if (m_orphans.size() >= 100) m_orphans.erase(m_orphans.begin());
            m_orphans[tx.id] = {id, tx};
            return;
        }
        m_pool[tx.id] = tx;
        m_already_asked.erase(Inv{1, tx.id}); // <- cost
    }

    void OnBlock(const std::vector<Hash>& confirmed)
    {
        std::lock_guard<std::mutex> lock(m_mutex);
        for (const Hash& id : confirmed) m_pool.erase(id);
    }

    std::vector<Inv> DueRequests(int id, int64_t now)
    {
        std::lock_guard<std::mutex> lock(m_mutex);
        std::vector<Inv> due;
        Peer& peer = *m_peers.at(id);
        while (!peer.ask_for.empty() && peer.ask_for.begin()->first <= now) {
            due.push_back(peer.ask_for.begin()->second);
            peer.ask_for.erase(peer.ask_for.begin());
        }
        return due;
    }

private:
    void AskFor(Peer& peer, const Inv& inv, int64_t now)
    {
        int64_t& when = m_already_asked[inv]; // <- made 100 <- cost
        when = std::max(when + 2 * 60 * 1000000, now);
        peer.ask_for.emplace(when, inv);
    }

    std::mutex m_mutex;
    std::map<int, std::unique_ptr<Peer>> m_peers;
    std::map<Hash, Tx> m_pool;
    std::map<Hash, std::pair<int, Tx>> m_orphans;
    std::map<Inv, int64_t> m_already_asked; // <- cost
};
