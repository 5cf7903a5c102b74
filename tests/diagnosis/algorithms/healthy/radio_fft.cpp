#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

using Cplx = std::complex<double>;

class Fft {
public:
    explicit Fft(std::size_t n) : n_(n), twiddle_(n / 2), swap_(n) {
        const double pi = std::acos(-1.0);
        for (std::size_t k = 0; k < n / 2; ++k) twiddle_[k] = std::polar(1.0, -2 * pi * k / n);
        for (std::size_t i = 0; i < n; ++i)
            swap_[i] = swap_[i >> 1] >> 1 | ((i & 1) ? n >> 1 : 0);
    }

    void run(std::vector<Cplx>& a) const {
        for (std::size_t i = 0; i < n_; ++i)
            if (i < swap_[i]) std::swap(a[i], a[swap_[i]]); // <- hot 13
        for (std::size_t half = 1; half < n_; half *= 2) {
            const std::size_t stride = n_ / (2 * half);
            for (std::size_t base = 0; base < n_; base += 2 * half) {
                for (std::size_t k = 0; k < half; ++k) {
                    const Cplx t = twiddle_[k * stride] * a[base + half + k]; // <- hot 47
                    a[base + half + k] = a[base + k] - t; // <- hot 17
                    a[base + k] += t; // <- hot 14
                }
            }
        }
    }

private:
    std::size_t n_;
    std::vector<Cplx> twiddle_;
    std::vector<std::size_t> swap_;
};
