#include <stdio.h>
#include <string.h>

struct setting {
    char *section;
    char *key;
    char *value;
    int line;
};

struct settings {
    struct setting *items;
    size_t count;
};

int settings_check(const struct settings *s, FILE *err)
{
    int bad = 0;
    size_t i, k;

    for (i = 1; i < s->count; i++) { // <- outer
        const struct setting *cur = &s->items[i];
        for (k = 0; k < i; k++) {
            if (!strcmp(s->items[k].key, cur->key) && !strcmp(s->items[k].section, cur->section)) { // <- 0
                fprintf(err, "line %d: '%s' was set in line %d\n", cur->line, cur->key, s->items[k].line);
                bad++;
                break;
            }
        }
    }
    return bad;
}
