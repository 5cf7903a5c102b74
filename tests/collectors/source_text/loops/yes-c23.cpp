#include <algorithm>
#include <string>
#include <vector>

struct Execution { std::string orderId; long qty; long price; };
struct Order { std::string id; long qty; long filled = 0; bool done = false; };

class Blotter {
public:
    explicit Blotter(std::vector<Order> orders) : orders_(std::move(orders)) {}

    void apply(const Execution& e) {
        auto it = std::find_if(orders_.begin(), orders_.end(),
                               [&](const Order& o) { return o.id == e.orderId; }); // <- 0
        if (it == orders_.end()) {
            ++orphans_;
            return;
        }
        it->filled += e.qty;
        it->done = it->filled >= it->qty;
    }

    int orphans() const { return orphans_; }

private:
    std::vector<Order> orders_;
    int orphans_ = 0;
};

int replay(Blotter& b, Journal& journal) {
    Execution e;
    while (journal.read(e)) // <- outer
        b.apply(e); // <- 1
    return b.orphans();
}
