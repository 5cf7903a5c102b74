#include <stdlib.h>
#include <string.h>

typedef struct { int key, payload; } rec;

static void merge(rec *a, rec *t, size_t lo, size_t mid, size_t hi)
{
    size_t i = lo, j = mid, k = lo;
    while (i < mid && j < hi)
        t[k++] = a[j].key < a[i].key ? a[j++] : a[i++]; // <- 0
    while (i < mid)
        t[k++] = a[i++];
    while (j < hi)
        t[k++] = a[j++];
    memcpy(a + lo, t + lo, (hi - lo) * sizeof *a);
}

void sort_recs(rec *a, size_t n)
{
    rec *t = malloc(n * sizeof *t);
    for (size_t w = 1; w < n; w *= 2)
        for (size_t lo = 0; lo + w < n; lo += 2 * w) {
            size_t hi = lo + 2 * w < n ? lo + 2 * w : n;
            merge(a, t, lo, lo + w, hi); // <- 1
        }
    free(t);
}
