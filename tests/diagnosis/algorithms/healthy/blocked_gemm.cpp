#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

class Matrix {
public:
    Matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), a_(rows * cols) {}

    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }
    float* row(std::size_t r) { return a_.data() + r * cols_; }
    const float* row(std::size_t r) const { return a_.data() + r * cols_; }

private:
    std::size_t rows_, cols_;
    std::vector<float> a_;
};

Matrix multiply(const Matrix& a, const Matrix& b) {
    if (a.cols() != b.rows()) throw std::invalid_argument("shape");
    constexpr std::size_t kBlock = 64;
    Matrix c(a.rows(), b.cols());
    for (std::size_t k0 = 0; k0 < a.cols(); k0 += kBlock) {
        const std::size_t k1 = std::min(k0 + kBlock, a.cols());
        for (std::size_t i = 0; i < a.rows(); ++i) {
            float* out = c.row(i);
            const float* left = a.row(i);
            for (std::size_t k = k0; k < k1; ++k) {
                const float f = left[k];
                const float* right = b.row(k);
                for (std::size_t j = 0; j < b.cols(); ++j) // <- hot 23
                    out[j] += f * right[j]; // <- hot 72
            }
        }
    }
    return c;
}
