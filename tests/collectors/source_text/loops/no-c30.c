#include <stdint.h>

#define MAXBITS 15

struct bits { const uint8_t *p; uint32_t hold; int left; };
struct huff { uint16_t count[MAXBITS + 1]; uint16_t symbol[288]; };

static int decode(struct bits *s, const struct huff *h)
{
    int code = 0, first = 0, index = 0;
    for (int len = 1; len <= MAXBITS; len++) {
        if (s->left == 0) {
            s->hold = *s->p++;
            s->left = 8;
        }
        code |= s->hold & 1;
        s->hold >>= 1;
        s->left--;
        int count = h->count[len];
        if (code - count < first) // <- 0
            return h->symbol[index + (code - first)];
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return -1;
}

int inflate_literals(struct bits *s, const struct huff *h, uint8_t *out, int cap)
{
    int n = 0;
    while (n < cap) {
        int sym = decode(s, h); // <- 1
        if (sym < 0 || sym >= 256)
            break;
        out[n++] = (uint8_t)sym;
    }
    return n;
}
