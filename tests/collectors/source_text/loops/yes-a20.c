#include <stdint.h>
#include <stdlib.h>

struct slot { uint64_t page; uint64_t used; char *data; };
struct pool { struct slot *slots; size_t cap; uint64_t clock; size_t misses; };

static char *pool_get(struct pool *p, uint64_t page)
{
    struct slot *s = p->slots, *end = s + p->cap, *victim = s;
    for (; s < end; s++) {
        if (s->page == page) { // <- 0
            s->used = ++p->clock;
            return s->data;
        }
        if (s->used < victim->used)
            victim = s;
    }
    p->misses++;
    victim->page = page;
    victim->used = ++p->clock;
    read_page(victim->data, page);
    return victim->data;
}

uint64_t scan_rows(struct pool *p, const struct rowid *rows, size_t n)
{
    uint64_t sum = 0;
    while (n--) { // <- outer
        char *d = pool_get(p, rows->page); // <- 1
        sum += *(uint32_t *)(d + rows->off);
        rows++;
    }
    return sum;
}
