#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MAXBITS 12

struct huff {
    uint16_t symbol[1 << MAXBITS];
    uint8_t length[1 << MAXBITS];
};

struct bits {
    const uint8_t *src;
    const uint8_t *end;
    uint64_t acc;
    int n;
};

/* Fills the lookup table from canonical code lengths; 0 on success. */
int huff_build(struct huff *h, const uint8_t *len, int symbols)
{
    unsigned code = 0;
    memset(h, 0, sizeof *h);
    for (int l = 1; l <= MAXBITS; l++) {
        for (int s = 0; s < symbols; s++) {
            if (len[s] != l)
                continue;
            unsigned first = code << (MAXBITS - l);
            unsigned last = (code + 1) << (MAXBITS - l);
            if (last > 1u << MAXBITS)
                return -1;
            for (unsigned i = first; i < last; i++) {
                h->symbol[i] = (uint16_t)s;
                h->length[i] = (uint8_t)l;
            }
            code++;
        }
        code <<= 1;
    }
    return 0;
}

static void refill(struct bits *b)
{
    while (b->n <= 56 && b->src < b->end) { // <- hot 14
        b->acc |= (uint64_t)*b->src++ << (56 - b->n); // <- hot 21
        b->n += 8;
    }
}

size_t huff_decode(const struct huff *h, struct bits *b, uint8_t *out, size_t cap)
{
    size_t n = 0;
    while (n < cap) {
        if (b->n < MAXBITS)
            refill(b);
        unsigned top = (unsigned)(b->acc >> (64 - MAXBITS));
        int l = h->length[top]; // <- hot 29
        if (l == 0 || l > b->n)
            break;
        out[n++] = (uint8_t)h->symbol[top]; // <- hot 22
        b->acc <<= l;
        b->n -= l;
    }
    return n;
}
