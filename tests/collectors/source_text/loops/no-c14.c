#include <stdlib.h>
#include <string.h>

#define NBUCKET 65536u

struct word {
    struct word *next;
    unsigned hash;
    int count;
    char text[];
};

static struct word *table[NBUCKET];

static struct word *lookup(const char *s, size_t n)
{
    unsigned h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    struct word *w;
    for (w = table[h % NBUCKET]; w; w = w->next)
        if (w->hash == h && strncmp(w->text, s, n) == 0 && w->text[n] == 0) // <- 0
            return w;
    w = calloc(1, sizeof *w + n + 1);
    memcpy(w->text, s, n);
    w->hash = h;
    w->next = table[h % NBUCKET];
    return table[h % NBUCKET] = w;
}

void count_words(const char *p)
{
    while (*p) {
        size_t n = strcspn(p, " \t\n");
        if (n)
            lookup(p, n)->count++; // <- 1
        p += n;
        p += strspn(p, " \t\n");
    }
}
