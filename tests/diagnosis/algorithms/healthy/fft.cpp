#include <cmath>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

namespace spectrum {

using Sample = std::complex<double>;

class Transform {
public:
    explicit Transform(unsigned log2n) : n_(std::size_t(1) << log2n), twiddle_(n_ / 2) {
        for (std::size_t k = 0; k < n_ / 2; ++k)
            twiddle_[k] = std::polar(1.0, -2.0 * 3.14159265358979323846 * double(k) / double(n_));
    }

    std::size_t size() const { return n_; }

    void forward(std::vector<Sample>& a) const {
        for (std::size_t i = 1, j = 0; i < n_; ++i) {
            std::size_t bit = n_ >> 1;
            for (; j & bit; bit >>= 1)
                j ^= bit;
            j ^= bit;
            if (i < j)
                std::swap(a[i], a[j]); // <- hot 11
        }
        for (std::size_t half = 1; half < n_; half <<= 1) {
            const std::size_t step = n_ / (2 * half);
            for (std::size_t base = 0; base < n_; base += 2 * half) {
                for (std::size_t k = 0; k < half; ++k) {
                    const Sample t = twiddle_[k * step] * a[base + k + half]; // <- hot 44
                    a[base + k + half] = a[base + k] - t; // <- hot 18
                    a[base + k] += t; // <- hot 16
                }
            }
        }
    }

private:
    std::size_t n_;
    std::vector<Sample> twiddle_;
};

// Averages the power of half-overlapping Hann windows.
std::vector<double> welch(const Transform& fft, const std::vector<double>& signal) {
    const std::size_t n = fft.size();
    std::vector<double> power(n / 2, 0.0);
    std::vector<Sample> frame(n);
    std::size_t frames = 0;
    for (std::size_t at = 0; at + n <= signal.size(); at += n / 2, ++frames) {
        for (std::size_t i = 0; i < n; ++i)
            frame[i] = signal[at + i] * (0.5 - 0.5 * std::cos(6.283185307179586 * double(i) / double(n - 1)));
        fft.forward(frame);
        for (std::size_t k = 0; k < n / 2; ++k)
            power[k] += std::norm(frame[k]);
    }
    for (double& p : power)
        p /= frames ? double(frames) : 1.0;
    return power;
}

}  // namespace spectrum
