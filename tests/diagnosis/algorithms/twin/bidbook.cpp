// Open bids of the ad exchange; the best is taken at every impression.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct Bid {
    std::uint64_t id;
    double cpm;
    std::string campaign;
};

struct ByPrice {
    bool operator()(const Bid& a, const Bid& b) const {
        return a.cpm != b.cpm ? a.cpm < b.cpm : a.id > b.id;
    }
};

class BidBook {
public:
    void place(Bid bid) {
        bids_.push_back(std::move(bid));
        std::push_heap(bids_.begin(), bids_.end(), ByPrice{}); // <- hot 22
    }

    std::optional<Bid> takeBest() {
        if (bids_.empty()) return std::nullopt;
        std::pop_heap(bids_.begin(), bids_.end(), ByPrice{}); // <- hot 61
        Bid best = std::move(bids_.back());
        bids_.pop_back();
        return best;
    }

    std::size_t depth() const { return bids_.size(); }

private:
    std::vector<Bid> bids_;
};

struct Impression {
    double floor;
    std::vector<Bid> incoming;
};

double runAuctions(BidBook& book, std::vector<Impression>& stream) {
    double revenue = 0;
    for (auto& imp : stream) {
        for (auto& b : imp.incoming) book.place(std::move(b));
        auto win = book.takeBest();
        if (win && win->cpm >= imp.floor)
            revenue += win->cpm / 1000.0;
    }
    return revenue;
}
