#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct setting {
    char *key;
    char *value;
};

struct config {
    struct setting *items;
    size_t count, cap;
    char *path;
    time_t mtime;
};

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = 0;
    return s;
}

static void add(struct config *c, const char *key, const char *value)
{
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 16;
        c->items = realloc(c->items, c->cap * sizeof *c->items);
    }
    c->items[c->count].key = strdup(key);     // <- made 40 <- cost
    c->items[c->count].value = strdup(value); // <- made 60 <- cost
    c->count++;
}

static void clear(struct config *c)
{
    free(c->items); // <- cost
    c->items = NULL;
    c->count = c->cap = 0;
}

static int load(struct config *c)
{
    FILE *f = fopen(c->path, "r");
    if (!f)
        return -1;
    char *line = NULL, section[64] = "";
    size_t cap = 0;
    while (getline(&line, &cap, f) > 0) {
        char *s = trim(line);
        if (*s == '#' || *s == 0)
            continue;
        if (*s == '[') {
            snprintf(section, sizeof section, "%.*s", (int)strcspn(s + 1, "]"), s + 1);
            continue;
        }
        char *eq = strchr(s, '=');
        if (!eq)
            continue;
        *eq = 0;
        size_t len = strlen(section) + strlen(s) + 2;
        char *full = malloc(len);
        snprintf(full, len, "%s.%s", section, trim(s));
        add(c, full, trim(eq + 1));
        free(full);
    }
    free(line);
    fclose(f);
    return 0;
}

int config_poll(struct config *c)
{
    struct stat st;
    if (stat(c->path, &st) < 0 || st.st_mtime == c->mtime)
        return 0;
    c->mtime = st.st_mtime;
    clear(c);
    return load(c);
}

const char *config_get(const struct config *c, const char *key, const char *fallback)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->items[i].key, key) == 0)
            return c->items[i].value;
    return fallback;
}
