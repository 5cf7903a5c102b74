#include <stdint.h>
#include <stddef.h>

struct node { int16_t child[2]; int16_t sym; };

static int next_symbol(const struct node *tree, const uint8_t *buf, size_t *bit)
{
    int at = 0;
    while (tree[at].sym < 0) {
        int b = (buf[*bit >> 3] >> (*bit & 7)) & 1;
        at = tree[at].child[b]; // <- 0
        (*bit)++;
    }
    return tree[at].sym;
}

size_t inflate_block(const struct node *tree, const uint8_t *buf, uint8_t *out, size_t cap)
{
    size_t bit = 0, n = 0;
    while (n < cap) {
        int s = next_symbol(tree, buf, &bit); // <- 1
        if (s == 256)
            break;
        out[n++] = (uint8_t)s;
    }
    return n;
}
