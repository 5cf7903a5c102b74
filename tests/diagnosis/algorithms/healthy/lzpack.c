/* Small LZ77 packer for firmware images; hash chains bounded by depth. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_BITS 14
#define HASH_SIZE (1 << HASH_BITS)
#define WINDOW    32768
#define MIN_MATCH 4
#define MAX_MATCH 258
#define MAX_CHAIN 32

typedef struct {
    int32_t head[HASH_SIZE];
    int32_t prev[WINDOW];
} matcher;

static uint32_t hash4(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return (v * 2654435761u) >> (32 - HASH_BITS);
}

static void insert_pos(matcher *m, const uint8_t *in, int32_t pos)
{
    uint32_t h = hash4(in + pos);
    m->prev[pos & (WINDOW - 1)] = m->head[h]; // <- hot 12
    m->head[h] = pos;
}

static int longest(matcher *m, const uint8_t *in, int32_t pos, int32_t n, int *dist)
{
    int best = 0, depth = MAX_CHAIN;
    int limit = n - pos < MAX_MATCH ? n - pos : MAX_MATCH;
    int32_t cand = m->head[hash4(in + pos)];
    while (cand >= 0 && pos - cand < WINDOW && depth-- > 0) { // <- hot 22
        int len = 0;
        while (len < limit && in[cand + len] == in[pos + len]) // <- hot 41
            len++;
        if (len > best) {
            best = len;
            *dist = pos - cand;
        }
        cand = m->prev[cand & (WINDOW - 1)]; // <- hot 13
    }
    return best;
}

size_t lz_pack(matcher *m, const uint8_t *in, int32_t n, uint8_t *out)
{
    size_t o = 0;
    memset(m->head, 0xff, sizeof m->head);
    for (int32_t pos = 0; pos < n;) {
        int dist = 0, len = pos + MIN_MATCH <= n ? longest(m, in, pos, n, &dist) : 0;
        if (len < MIN_MATCH) {
            out[o++] = 0;
            out[o++] = in[pos];
            len = 1;
        } else {
            out[o++] = (uint8_t)(len - MIN_MATCH + 1);
            out[o++] = (uint8_t)(dist >> 8);
            out[o++] = (uint8_t)dist;
        }
        for (int k = 0; k < len && pos + MIN_MATCH <= n; k++, pos++)
            insert_pos(m, in, pos);
        if (pos + MIN_MATCH > n && len == 1)
            pos++;
    }
    return o;
}
