#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shop catalogue loader: the server answers with one flat text blob,
 * "key price stock|key price stock|..." that is kept as a C string. */

typedef struct {
    unsigned key;
    int price;
    int stock;
} offer_t;

typedef struct {
    offer_t *items;
    size_t len;
    size_t cap;
} catalogue_t;

static int catalogue_push(catalogue_t *c, const offer_t *o)
{
    if (c->len == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 256;
        offer_t *p = realloc(c->items, cap * sizeof(*p));
        if (!p)
            return -1;
        c->items = p;
        c->cap = cap;
    }
    c->items[c->len++] = *o;
    return 0;
}

static const char *read_offer(const char *p, offer_t *o)
{
    int used = 0;

    if (sscanf(p, "%x %d %d%n", &o->key, &o->price, &o->stock, &used) != 3) // <- cost hot 94
        return NULL;
    p += used;
    if (*p == '|')
        p++;
    return p;
}

int catalogue_load(catalogue_t *c, const char *blob)
{
    const char *p = blob;
    offer_t o;

    while (*p) {
        p = read_offer(p, &o);
        if (!p) {
            fprintf(stderr, "catalogue: malformed offer after %zu entries\n", c->len);
            return -1;
        }
        if (o.price < 0)
            continue;
        if (catalogue_push(c, &o) < 0)
            return -1;
    }
    return 0;
}

long catalogue_value(const catalogue_t *c)
{
    long sum = 0;
    for (size_t i = 0; i < c->len; i++)
        sum += (long)c->items[i].price * c->items[i].stock;
    return sum;
}
