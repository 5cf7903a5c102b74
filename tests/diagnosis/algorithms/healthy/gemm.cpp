// Blocked single-precision product for the recommender's scoring step.
#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

template <class T>
class Matrix {
public:
    Matrix(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), v_(rows * cols) {}
    T* row(std::size_t r) { return v_.data() + r * cols_; }
    const T* row(std::size_t r) const { return v_.data() + r * cols_; }
    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }

private:
    std::size_t rows_, cols_;
    std::vector<T> v_;
};

template <class T>
Matrix<T> multiply(const Matrix<T>& a, const Matrix<T>& b) {
    if (a.cols() != b.rows()) throw std::invalid_argument("shape");
    constexpr std::size_t B = 64;
    Matrix<T> c(a.rows(), b.cols());
    for (std::size_t i0 = 0; i0 < a.rows(); i0 += B)
        for (std::size_t k0 = 0; k0 < a.cols(); k0 += B)
            for (std::size_t i = i0; i < std::min(i0 + B, a.rows()); ++i)
                for (std::size_t k = k0; k < std::min(k0 + B, a.cols()); ++k) {
                    const T f = a.row(i)[k];
                    const T* src = b.row(k);
                    T* dst = c.row(i);
                    for (std::size_t j = 0; j < b.cols(); ++j) // <- hot 9
                        dst[j] += f * src[j]; // <- hot 88
                }
    return c;
}

Matrix<float> score(const Matrix<float>& users, const Matrix<float>& items) {
    return multiply(users, items);
}

std::vector<std::size_t> bestItem(const Matrix<float>& scores) {
    std::vector<std::size_t> best(scores.rows());
    for (std::size_t u = 0; u < scores.rows(); ++u) {
        const float* r = scores.row(u);
        best[u] = static_cast<std::size_t>(std::max_element(r, r + scores.cols()) - r);
    }
    return best;
}
