#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

enum class Side { Buy, Sell };

struct Order {
    std::uint64_t id;
    Side side;
    std::int64_t price;
    std::int64_t open;
    std::string account;
    std::vector<std::int64_t> fills;
};

struct Trade {
    std::uint64_t maker;
    std::uint64_t taker;
    std::int64_t price;
    std::int64_t quantity;
};

using OrderPtr = std::shared_ptr<Order>;

class OrderBook {
public:
    std::vector<Trade> submit(std::uint64_t id, Side side, std::int64_t price, std::int64_t qty, const std::string& account) {
        OrderPtr o = make(id, side, price, qty, account);
        orders_[id] = o; // <- cost // <- made 15
        std::vector<Trade> trades;
        if (side == Side::Buy) {
            match(*o, asks_, [&](std::int64_t level) { return level <= price; }, trades);
        } else {
            match(*o, bids_, [&](std::int64_t level) { return level >= price; }, trades);
        }
        if (o->open > 0) {
            if (side == Side::Buy) bids_[price].push_back(o);
            else asks_[price].push_back(o);
        }
        return trades;
    }

    bool cancel(std::uint64_t id) {
        auto it = orders_.find(id);
        if (it == orders_.end()) return false;
        OrderPtr o = it->second;
        if (o->side == Side::Buy) unlink(bids_, o);
        else unlink(asks_, o);
        orders_.erase(it);
        return true;
    }

private:
    using Level = std::list<OrderPtr>;

    static OrderPtr make(std::uint64_t id, Side side, std::int64_t price, std::int64_t qty, const std::string& account) {
        auto o = std::make_shared<Order>(Order{id, side, price, qty, account, {}}); // <- made 45
        o->fills.reserve(8); // <- made 40
        return o;
    }

    template <class Levels, class Crosses>
    void match(Order& taker, Levels& levels, Crosses crosses, std::vector<Trade>& trades) {
        while (taker.open > 0 && !levels.empty() && crosses(levels.begin()->first)) {
            auto level = levels.begin();
            Level& queue = level->second;
            while (taker.open > 0 && !queue.empty()) {
                Order& maker = *queue.front();
                std::int64_t n = std::min(taker.open, maker.open);
                taker.open -= n;
                maker.open -= n;
                maker.fills.push_back(n);
                trades.push_back({maker.id, taker.id, level->first, n});
                if (maker.open == 0) queue.pop_front(); // <- cost
            }
            if (queue.empty()) levels.erase(level);
        }
    }

    template <class Levels>
    static void unlink(Levels& levels, const OrderPtr& o) {
        auto level = levels.find(o->price);
        if (level == levels.end()) return;
        level->second.remove(o);
        if (level->second.empty()) levels.erase(level);
    }

    std::map<std::int64_t, Level, std::greater<std::int64_t>> bids_;
    std::map<std::int64_t, Level> asks_;
    std::unordered_map<std::uint64_t, OrderPtr> orders_; // <- cost
};
