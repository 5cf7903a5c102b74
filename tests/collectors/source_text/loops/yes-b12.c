#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t start, len;
    int flags;
} extent_t;

typedef struct {
    extent_t *ext;
    size_t n_ext;
} map_t;

int count_unmapped(const map_t *m, const uint32_t *blocks, size_t n)
{
    int missing = 0;
    for (size_t i = 0; i < n; i++) { // <- outer
        int covered = 0;
        const extent_t *e = m->ext, *end = m->ext + m->n_ext;
        for (; e != end; ++e)
            covered |= blocks[i] - e->start < e->len; // <- 0
        missing += !covered;
    }
    return missing;
}
