#include <ctype.h>
#include <stddef.h>
#include <stdio.h>

struct source {
    const char *path;
    const char *text;
    size_t size;
};

static void report(const struct source *src, int line, const char *what, FILE *out)
{
    fprintf(out, "%s:%d: %s\n", src->path, line, what); // <- hot 57
}

int lint_whitespace(const struct source *src, FILE *out)
{
    int found = 0;
    int line = 1;
    size_t i;

    for (i = 0; i < src->size; i++) { // <- hot 12
        char c = src->text[i]; // <- hot 17

        if (c == '\t') {
            report(src, line, "tab in text", out);
            found++;
        } else if (c == '\n') {
            if (i > 0 && isblank((unsigned char)src->text[i - 1])) {
                report(src, line, "blank before end of line", out);
                found++;
            }
            line++;
        }
    }
    return found;
}
