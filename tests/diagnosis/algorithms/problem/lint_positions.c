#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

struct source {
    const char *path;
    const char *text;
    size_t size;
};

static int line_of(const struct source *src, size_t offset)
{
    int line = 1;
    size_t i;

    for (i = 0; i < offset; i++) // <- cost hot 37
        if (src->text[i] == '\n') // <- hot 54
            line++;
    return line;
}

static void report(const struct source *src, size_t offset, const char *what, FILE *out)
{
    fprintf(out, "%s:%d: %s\n", src->path, line_of(src, offset), what); // <- cost
}

int lint_whitespace(const struct source *src, FILE *out)
{
    int found = 0;
    size_t i;

    for (i = 0; i < src->size; i++) {
        char c = src->text[i];

        if (c == '\t') {
            report(src, i, "tab in text", out);
            found++;
        } else if (c == '\n' && i > 0 && isblank((unsigned char)src->text[i - 1])) {
            report(src, i, "blank before end of line", out);
            found++;
        }
    }
    return found;
}
