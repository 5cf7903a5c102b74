/* mailrules.c - per-account settings store used by the delivery agent. */
#include <stdlib.h>
#include <string.h>
#include <stdint.h>

typedef struct {
    char *key;
    char *value;
} setting_t;

typedef struct {
    setting_t *items;
    size_t count, cap;
} settings_t;

static setting_t *settings_find(settings_t *s, const char *key)
{
    for (size_t i = 0; i < s->count; i++) { // <- hot 21
        if (strcmp(s->items[i].key, key) == 0) // <- cost hot 68
            return &s->items[i];
    }
    return NULL;
}

int settings_set(settings_t *s, const char *key, const char *value)
{
    setting_t *it = settings_find(s, key);
    if (it) {
        free(it->value);
        it->value = strdup(value);
        return 0;
    }
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        setting_t *p = realloc(s->items, cap * sizeof *p);
        if (!p)
            return -1;
        s->items = p;
        s->cap = cap;
    }
    s->items[s->count].key = strdup(key);
    s->items[s->count].value = strdup(value);
    s->count++;
    return 0;
}

const char *settings_get(settings_t *s, const char *key, const char *dflt)
{
    setting_t *it = settings_find(s, key);
    return it ? it->value : dflt;
}

size_t route_all(settings_t *s, char **rcpts, size_t n, const char **folders)
{
    size_t routed = 0;
    for (size_t i = 0; i < n; i++) {
        folders[i] = settings_get(s, rcpts[i], "INBOX");
        if (strcmp(folders[i], "INBOX") != 0)
            routed++;
    }
    return routed;
}
