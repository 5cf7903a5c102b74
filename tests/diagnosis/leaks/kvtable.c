#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct value {
    size_t len;
    char *data;
};

struct entry {
    char *key;
    struct value *val;
    struct entry *next;
};

struct table {
    struct entry *slot[BUCKETS];
    size_t count;
    char *last_keys[8];
    unsigned last_at;
};

static uint32_t hash(const char *s)
{
    uint32_t h = 5381;
    while (*s)
        h = h * 33 + (unsigned char)*s++;
    return h % BUCKETS;
}

static struct value *make_value(const char *data, size_t len)
{
    struct value *v = malloc(sizeof *v); // <- made 15
    v->len = len;
    v->data = malloc(len + 1); // <- made 85
    memcpy(v->data, data, len);
    v->data[len] = 0;
    return v;
}

static void free_value(struct value *v)
{
    free(v->data);
    free(v);
}

static struct entry *find(struct table *t, const char *key)
{
    for (struct entry *e = t->slot[hash(key)]; e; e = e->next)
        if (strcmp(e->key, key) == 0)
            return e;
    return NULL;
}

void table_set(struct table *t, const char *key, const char *data, size_t len)
{
    struct entry *e = find(t, key);
    if (!e) {
        e = calloc(1, sizeof *e);
        e->key = strdup(key);
        e->next = t->slot[hash(key)];
        t->slot[hash(key)] = e;
        t->count++;
    }
    e->val = make_value(data, len); // <- cost
    free(t->last_keys[t->last_at]);
    t->last_keys[t->last_at] = strdup(key);
    t->last_at = (t->last_at + 1) % 8;
}

int table_del(struct table *t, const char *key)
{
    struct entry **p = &t->slot[hash(key)];
    for (; *p; p = &(*p)->next) {
        if (strcmp((*p)->key, key) == 0) {
            struct entry *dead = *p;
            *p = dead->next;
            free_value(dead->val);
            free(dead->key);
            free(dead);
            t->count--;
            return 1;
        }
    }
    return 0;
}

int table_command(struct table *t, char *line, FILE *out)
{
    char *cmd = strtok(line, " \n"), *key = strtok(NULL, " \n"), *rest = strtok(NULL, "\n");
    if (!cmd || !key)
        return -1;
    if (strcmp(cmd, "set") == 0 && rest) {
        table_set(t, key, rest, strlen(rest));
        return fprintf(out, "ok\n");
    }
    if (strcmp(cmd, "del") == 0)
        return fprintf(out, "%d\n", table_del(t, key));
    struct entry *e = find(t, key);
    return fprintf(out, "%s\n", e ? e->val->data : "(nil)");
}
