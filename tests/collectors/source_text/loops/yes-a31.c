#include <stddef.h>

typedef struct { double x, y, z; int species; } atom_t;

static int coordination(const atom_t *a, size_t n, size_t self, double cut)
{
    int c = 0;
    const double c2 = cut * cut;
    for (size_t j = 0; j < n; j++) {
        double dx = a[j].x - a[self].x;
        double dy = a[j].y - a[self].y;
        double dz = a[j].z - a[self].z;
        if (dx * dx + dy * dy + dz * dz < c2 && j != self) // <- 0
            c++;
    }
    return c;
}

void histogram(const atom_t *a, size_t n, double cut, long hist[32])
{
    for (size_t i = 0; i < n; i++) { // <- outer
        int c = coordination(a, n, i, cut); // <- 1
        hist[c < 31 ? c : 31]++;
    }
}
