#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 65536u

struct symbol {
    struct symbol *next;
    char *name;
    uint64_t address;
    unsigned uses;
};

struct symtab {
    struct symbol *bucket[BUCKETS];
    size_t count;
};

static struct symbol **bucket_of(struct symtab *t, const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u; // <- hot 33
    return &t->bucket[(h ^ h >> 16) % BUCKETS];
}

static struct symbol *symtab_find(struct symtab *t, const char *name)
{
    struct symbol *s;
    for (s = *bucket_of(t, name); s; s = s->next)
        if (strcmp(s->name, name) == 0) // <- hot 31
            return s;
    return NULL;
}

struct symbol *symtab_intern(struct symtab *t, const char *name)
{
    struct symbol *s = symtab_find(t, name);
    if (!s) {
        struct symbol **b = bucket_of(t, name);
        s = calloc(1, sizeof *s);
        if (!s)
            return NULL;
        s->name = strdup(name); /* strings of the object file are unmapped later */
        s->next = *b;
        *b = s;
        t->count++;
    }
    return s;
}

struct reloc {
    const char *target;
    uint64_t offset;
};

/* Patches all relocations of one section; returns how many symbols are unresolved. */
size_t apply_relocs(struct symtab *t, unsigned char *image, const struct reloc *r, size_t n)
{
    size_t missing = 0;
    for (size_t i = 0; i < n; i++) {
        struct symbol *s = symtab_intern(t, r[i].target);
        if (!s || !s->address) {
            missing++;
            continue;
        }
        s->uses++;
        memcpy(image + r[i].offset, &s->address, sizeof s->address); // <- hot 19
    }
    return missing;
}
