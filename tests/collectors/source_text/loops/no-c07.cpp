#include <cmath>
#include <vector>

struct Csr {
    std::vector<int> rowStart, col;
    std::vector<double> val;
    int rows() const { return static_cast<int>(rowStart.size()) - 1; }
};

double gaussSeidel(const Csr& m, const std::vector<double>& b, std::vector<double>& x) {
    double change = 0;
    for (int r = 0; r < m.rows(); ++r) {
        double diag = 1, sum = b[r];
        for (int k = m.rowStart[r]; k < m.rowStart[r + 1]; ++k) {
            if (m.col[k] == r) // <- 0
                diag = m.val[k];
            else
                sum -= m.val[k] * x[m.col[k]];
        }
        const double next = sum / diag;
        change = std::max(change, std::fabs(next - x[r]));
        x[r] = next;
    }
    return change;
}
