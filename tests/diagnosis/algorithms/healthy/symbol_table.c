#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
    char *name;
    uint32_t hash;
    int refs;
    struct symbol *next;
};

struct symtab {
    struct symbol **slots;
    size_t mask, count;
};

static uint32_t hash_name(const char *s, size_t n)
{
    uint32_t h = 2166136261u;

    while (n--)
        h = (h ^ (unsigned char)*s++) * 16777619u; // <- hot 34
    return h;
}

static void grow(struct symtab *t)
{
    size_t size = t->mask ? 2 * (t->mask + 1) : 256, i;
    struct symbol **fresh = calloc(size, sizeof(*fresh));

    for (i = 0; t->slots && i <= t->mask; i++)
        for (struct symbol *s = t->slots[i], *next; s; s = next) {
            next = s->next;
            s->next = fresh[s->hash & (size - 1)]; // <- hot 10
            fresh[s->hash & (size - 1)] = s;
        }
    free(t->slots);
    t->slots = fresh;
    t->mask = size - 1;
}

struct symbol *intern(struct symtab *t, const char *name, size_t n)
{
    uint32_t h = hash_name(name, n);
    struct symbol *s;

    if (!t->slots || t->count > t->mask)
        grow(t);
    for (s = t->slots[h & t->mask]; s; s = s->next) // <- hot 27
        if (s->hash == h && !strncmp(s->name, name, n) && !s->name[n]) { // <- hot 19
            s->refs++;
            return s;
        }
    s = calloc(1, sizeof(*s));
    s->name = strndup(name, n);
    s->hash = h;
    s->refs = 1;
    s->next = t->slots[h & t->mask];
    t->slots[h & t->mask] = s;
    t->count++;
    return s;
}
