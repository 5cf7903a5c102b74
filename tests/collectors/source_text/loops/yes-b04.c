#include <string.h>
#include <stdlib.h>

struct sym {
    char name[48];
    unsigned long addr;
    struct sym *next;
};

struct reloc {
    const char *target;
    unsigned long where;
    int addend;
};

static struct sym *symtab;

static struct sym *lookup(const char *name)
{
    struct sym *s = symtab;
    while (s && strcmp(s->name, name) != 0)
        s = s->next; // <- 0
    return s;
}

static int apply(unsigned char *image, const struct reloc *r)
{
    struct sym *s = lookup(r->target); // <- 1
    if (!s)
        return -1;
    unsigned long v = s->addr + r->addend;
    memcpy(image + r->where, &v, sizeof v);
    return 0;
}

int link_section(unsigned char *image, const struct reloc *rel, size_t n)
{
    int bad = 0;
    while (n--) // <- outer
        bad += apply(image, rel++) != 0; // <- 2
    return bad;
}
