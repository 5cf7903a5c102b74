/* mailrules.c - per-account settings store used by the delivery agent. */
#include <stdlib.h>
#include <string.h>
#include <stdint.h>

typedef struct {
    char *key;
    char *value;
} setting_t;

typedef struct {
    setting_t *items;      /* open addressing, cap is a power of two */
    size_t count, cap;
} settings_t;

static uint32_t hash_key(const char *k)
{
    uint32_t h = 2166136261u;
    for (; *k; k++)
        h = (h ^ (unsigned char)*k) * 16777619u; // <- hot 31
    return h;
}

static setting_t *settings_slot(setting_t *items, size_t cap, const char *key)
{
    size_t i = hash_key(key) & (cap - 1);
    while (items[i].key && strcmp(items[i].key, key) != 0) // <- hot 29
        i = (i + 1) & (cap - 1);
    return &items[i];
}

static setting_t *settings_find(settings_t *s, const char *key)
{
    if (!s->cap)
        return NULL;
    setting_t *it = settings_slot(s->items, s->cap, key);
    return it->key ? it : NULL;
}

static void settings_grow(settings_t *s)
{
    size_t cap = s->cap ? s->cap * 2 : 64;
    setting_t *p = calloc(cap, sizeof *p);
    for (size_t i = 0; i < s->cap; i++)
        if (s->items[i].key)
            *settings_slot(p, cap, s->items[i].key) = s->items[i];
    free(s->items);
    s->items = p;
    s->cap = cap;
}

int settings_set(settings_t *s, const char *key, const char *value)
{
    if (s->count * 2 >= s->cap)
        settings_grow(s);
    setting_t *it = settings_slot(s->items, s->cap, key);
    if (!it->key) {
        it->key = strdup(key);
        s->count++;
    }
    free(it->value);
    it->value = strdup(value);
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
