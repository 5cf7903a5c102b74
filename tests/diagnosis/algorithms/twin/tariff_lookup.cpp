#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

struct Band {
    std::uint32_t from_kwh;
    double price;
    std::string label;
};

using Bands = std::vector<Band>;

static const char* kEmpty = "tariff without bands";

double price_at(const Bands& bands, std::uint32_t kwh) {
    if (bands.empty()) throw std::runtime_error(kEmpty);
    std::size_t lo = 0, hi = bands.size();
    while (hi - lo > 1) {
        const std::size_t mid = lo + (hi - lo) / 2;
        if (bands[mid].from_kwh <= kwh) { // <- hot 70
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return bands[lo].price;
}

struct Meter {
    std::uint64_t id;
    std::vector<std::uint32_t> readings;
};

class Biller {
public:
    explicit Biller(Bands bands) : bands_(std::move(bands)) {}

    double bill(const Meter& meter) const {
        double sum = 0;
        for (std::uint32_t kwh : meter.readings) {
            sum += kwh * price_at(bands_, kwh); // <- hot 20
        }
        return sum;
    }

private:
    Bands bands_;
};
