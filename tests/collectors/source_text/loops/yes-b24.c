#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct wordlist {
    char **w;
    int n, cap;
} wordlist;

static int intern(wordlist *l, const char *s)
{
    int i, at = -1;
    for (i = 0; i < l->n && at < 0; i++)
        if (!strcmp(l->w[i], s)) at = i; // <- 0
    if (at >= 0)
        return at;
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 64;
        l->w = realloc(l->w, l->cap * sizeof *l->w);
    }
    l->w[l->n] = strdup(s);
    return l->n++;
}

static void line_words(wordlist *l, char *line, FILE *out)
{
    for (char *p = strtok(line, " \t\n"); p; p = strtok(NULL, " \t\n"))
        fprintf(out, "%d ", intern(l, p)); // <- 1
}

void encode(FILE *in, FILE *out)
{
    wordlist l = {0};
    char buf[4096];
    while (fgets(buf, sizeof buf, in)) { // <- outer
        line_words(&l, buf, out); // <- 2
        fputc('\n', out);
    }
}
