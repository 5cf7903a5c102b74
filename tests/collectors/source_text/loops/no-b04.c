#include <string.h>

#define NB 4096

struct ent {
    struct ent *next;
    unsigned h;
    char key[24];
    int val;
};

static struct ent *buckets[NB];

static struct ent *probe(const char *key, unsigned h)
{
    struct ent *e;
    for (e = buckets[h % NB]; e; e = e->next)
        if (e->h == h && !strcmp(e->key, key)) // <- 0
            return e;
    return NULL;
}

static unsigned hash(const char *s)
{
    unsigned h = 5381;
    while (*s)
        h = h * 33 ^ (unsigned char)*s++;
    return h;
}

long total(const char **keys, int n)
{
    long t = 0;
    for (int i = 0; i < n; i++) {
        struct ent *e = probe(keys[i], hash(keys[i])); // <- 1
        t += e ? e->val : 0;
    }
    return t;
}
