#include <stddef.h>

static int rank_of(const double *x, size_t n, size_t self, double *ties)
{
    int below = 0;
    int same = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] < x[self]) // <- 0
            below++;
        else if (x[i] == x[self])
            same++;
    }
    *ties = (same - 1) / 2.0;
    return below + 1;
}

double spearman(const double *x, const double *y, size_t n)
{
    double d2 = 0;
    for (size_t i = 0; i < n; i++) { // <- outer
        double tx, ty;
        double rx = rank_of(x, n, i, &tx); // <- 1
        double ry = rank_of(y, n, i, &ty);
        double d = (rx + tx) - (ry + ty);
        d2 += d * d;
    }
    return 1.0 - 6.0 * d2 / ((double)n * ((double)n * n - 1.0));
}
