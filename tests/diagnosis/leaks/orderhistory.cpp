#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

enum class Side { Buy, Sell };

struct Fill {
    double price;
    uint32_t qty;
    uint64_t counterparty;
};

struct Order {
    uint64_t id = 0;
    std::string owner;
    Side side = Side::Buy;
    double price = 0;
    uint32_t open = 0;
    std::vector<Fill> fills;
};

class OrderBook {
public:
    uint64_t submit(std::string owner, Side side, double price, uint32_t qty) {
        Order o;
        o.id = ++seq_;
        o.owner = std::move(owner);
        o.side = side;
        o.price = price;
        o.open = qty;
        cross(o);
        if (o.open > 0) {
            auto& level = (side == Side::Buy ? bids_ : asks_)[price];
            level.push_back(o.id);
            live_.emplace(o.id, o);
        } else {
            archive(o);
        }
        return o.id;
    }

    bool cancel(uint64_t id) {
        auto it = live_.find(id);
        if (it == live_.end()) return false;
        auto& side = it->second.side == Side::Buy ? bids_ : asks_;
        auto lv = side.find(it->second.price);
        lv->second.erase(std::find(lv->second.begin(), lv->second.end(), id));
        if (lv->second.empty()) side.erase(lv);
        live_.erase(it);
        return true;
    }

    std::vector<double> last_trades() const { return {tape_.begin(), tape_.end()}; }

private:
    void archive(const Order& o) {
        done_[o.owner].push_back(o); // <- made 50 <- cost
    }

    void cross(Order& o) {
        auto& other = o.side == Side::Buy ? asks_ : bids_;
        while (o.open && !other.empty()) {
            auto lv = o.side == Side::Buy ? other.begin() : std::prev(other.end());
            if (o.side == Side::Buy ? lv->first > o.price : lv->first < o.price) break;
            Order& rest = live_.at(lv->second.front());
            uint32_t n = std::min(o.open, rest.open);
            o.open -= n;
            rest.open -= n;
            o.fills.push_back({lv->first, n, rest.id});
            rest.fills.push_back({lv->first, n, o.id}); // <- made 25
            tape_.push_back(lv->first);
            if (tape_.size() > 100) tape_.pop_front();
            if (rest.open == 0) {
                auto node = live_.extract(rest.id);
                done_[node.mapped().owner].push_back(std::move(node.mapped())); // <- made 25 <- cost
                lv->second.pop_front();
                if (lv->second.empty()) other.erase(lv);
            }
        }
    }

    uint64_t seq_ = 0;
    std::map<double, std::deque<uint64_t>> bids_, asks_;
    std::unordered_map<uint64_t, Order> live_;
    std::unordered_map<std::string, std::vector<Order>> done_; // <- cost
    std::deque<double> tape_;
};
