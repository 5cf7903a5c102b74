#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
    struct symbol *next;
    char *name;
    uint64_t address;
    unsigned uses;
};

struct symtab {
    struct symbol *first;
    size_t count;
};

static struct symbol *symtab_find(struct symtab *t, const char *name)
{
    struct symbol *s = t->first;
    while (s) { // <- cost hot 30
        if (strcmp(s->name, name) == 0) // <- cost hot 64
            return s;
        s = s->next;
    }
    return NULL;
}

struct symbol *symtab_intern(struct symtab *t, const char *name)
{
    struct symbol *s = symtab_find(t, name);
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s)
            return NULL;
        s->name = strdup(name); /* strings of the object file are unmapped later */
        s->next = t->first;
        t->first = s;
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
        memcpy(image + r[i].offset, &s->address, sizeof s->address);
    }
    return missing;
}
