#include <stddef.h>

static void mul_row(const double *a, const double *b, double *c, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double f = a[k];
        const double *bk = b + k * n;
        for (size_t j = 0; j < n; j++)
            c[j] += f * bk[j]; // <- 0
    }
}

void matmul(const double *a, const double *b, double *c, size_t n)
{
    size_t i = n;
    while (i-- > 0) {
        double *ci = c + i * n;
        for (size_t j = 0; j < n; j++)
            ci[j] = 0;
        mul_row(a + i * n, b, ci, n); // <- 1
    }
}
