#include <stddef.h>

struct rec { unsigned key; void *ptr; };

static size_t split(struct rec *a, size_t n)
{
    unsigned pivot = a[n / 2].key;
    size_t i = 0, j = n - 1;
    for (;;) {
        while (a[i].key < pivot) i++; // <- 0
        while (a[j].key > pivot) j--;
        if (i >= j)
            return j + 1;
        struct rec t = a[i];
        a[i++] = a[j];
        a[j--] = t;
    }
}

void sort_recs(struct rec *a, size_t n)
{
    while (n > 1) {
        size_t m = split(a, n); // <- 1
        sort_recs(a, m);
        a += m;
        n -= m;
    }
}
