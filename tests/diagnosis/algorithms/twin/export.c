#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    char station[12];
    long epoch;
    double celsius;
};

struct text {
    char *data;
    size_t len;
    size_t cap;
};

static int text_init(struct text *t, size_t cap)
{
    t->data = malloc(cap);
    if (!t->data)
        return -1;
    t->data[0] = '\0';
    t->len = 0;
    t->cap = cap;
    return 0;
}

static int text_add(struct text *t, const char *s)
{
    size_t n = strlen(s); // <- hot 5
    if (t->len + n + 1 > t->cap) {
        char *bigger = realloc(t->data, (t->len + n + 1) * 2);
        if (!bigger)
            return -1;
        t->data = bigger;
        t->cap = (t->len + n + 1) * 2;
    }
    memcpy(t->data + t->len, s, n + 1); // <- hot 8
    t->len += n;
    return 0;
}

char *export_readings(const struct reading *r, size_t n)
{
    struct text out;
    char row[96];
    size_t i;

    if (text_init(&out, 4096) < 0)
        return NULL;
    text_add(&out, "station;epoch;celsius\n");
    for (i = 0; i < n; i++) {
        snprintf(row, sizeof row, "%s;%ld;%.2f\n", r[i].station, r[i].epoch, r[i].celsius); // <- hot 79
        if (text_add(&out, row) < 0) {
            free(out.data);
            return NULL;
        }
    }
    return out.data;
}
