#include <math.h>

int lu_decompose(double *a, int n, int *perm)
{
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[p * n + k]))
                p = i;
        if (a[p * n + k] == 0.0)
            return -1;
        perm[k] = p;
        if (p != k)
            for (int j = 0; j < n; j++) {
                double t = a[k * n + j];
                a[k * n + j] = a[p * n + j];
                a[p * n + j] = t;
            }
        for (int i = k + 1; i < n; i++) {
            double f = a[i * n + k] /= a[k * n + k];
            if (f == 0.0)
                continue;
            for (int j = k + 1; j < n; j++)
                a[i * n + j] -= f * a[k * n + j]; // <- 0
        }
    }
    return 0;
}
