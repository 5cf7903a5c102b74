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
        double sum = 0;
        for (std::size_t i = 0; i < in.size(); ++i) {
            sum += in[i].metres; // <- hot 26
            if (i >= span_) sum -= in[i - span_].metres; // <- hot 24
            const std::size_t n = i < span_ ? i + 1 : span_;
            out.push_back(sum / static_cast<double>(n)); // <- hot 39
        }
        return out;
    }

private:
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
