// Smooths tide gauge samples before surge detection.
#include <cstddef>
#include <vector>
#include <stdexcept>

namespace surge {

struct Sample {
    long epoch;
    double metres;
};

class Smoother {
public:
    explicit Smoother(std::size_t span) : span_(span) {
        if (span == 0) throw std::invalid_argument("span");
    }

    std::vector<double> operator()(const std::vector<Sample>& in) const {
        std::vector<double> out;
        out.reserve(in.size());
        for (std::size_t i = 0; i < in.size(); ++i)
            out.push_back(meanBefore(in, i)); // <- cost
        return out;
    }

private:
    double meanBefore(const std::vector<Sample>& in, std::size_t at) const {
        const std::size_t from = at + 1 > span_ ? at + 1 - span_ : 0;
        double sum = 0;
        for (std::size_t k = from; k <= at; ++k)
            sum += in[k].metres; // <- cost hot 95
        return sum / static_cast<double>(at + 1 - from);
    }

    std::size_t span_;
};

struct Surge {
    long epoch;
    double excess;
};

std::vector<Surge> detect(const std::vector<Sample>& in, std::size_t span, double limit) {
    const auto base = Smoother(span)(in);
    std::vector<Surge> found;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const double excess = in[i].metres - base[i];
        if (excess > limit) found.push_back({in[i].epoch, excess});
    }
    return found;
}

}  // namespace surge
