#include <stdio.h>

struct source { const char *text; const char *name; };
struct token { int kind; int offset; };

static int line_of(const struct source *src, int offset)
{
    int line = 1;
    const char *p = src->text;
    while (offset-- > 0) {
        if (*p++ == '\n') // <- 0
            line++;
    }
    return line;
}

static void dump_token(FILE *f, const struct source *src, const struct token *t)
{
    fprintf(f, "%s:%d kind=%d\n", src->name, line_of(src, t->offset), t->kind); // <- 1
}

void dump_tokens(FILE *f, const struct source *src, const struct token *toks, int n)
{
    int i;
    for (i = 0; i < n; i++) { // <- outer
        if (toks[i].kind != 0)
            dump_token(f, src, &toks[i]); // <- 2
    }
}
