#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void (*timer_fn)(void *arg, const void *blob, size_t len);

struct timer {
    uint64_t due;
    uint64_t id;
    timer_fn fn;
    void *arg;
    void *blob;
    size_t len;
    int cancelled;
};

struct timer_queue {
    struct timer **items; // <- cost
    size_t count;
    size_t cap;
    uint64_t next_id;
    uint64_t fired;
};

static struct timer *timer_make(uint64_t due, timer_fn fn, void *arg, const void *blob, size_t len)
{
    struct timer *t = calloc(1, sizeof *t); // <- made 20
    if (t == NULL)
        return NULL;
    t->due = due;
    t->fn = fn;
    t->arg = arg;
    t->len = len;
    t->blob = malloc(len ? len : 1); // <- made 80
    if (t->blob == NULL) {
        free(t);
        return NULL;
    }
    memcpy(t->blob, blob, len);
    return t;
}

static int reserve(struct timer_queue *q)
{
    if (q->count < q->cap)
        return 0;
    size_t cap = q->cap ? q->cap * 2 : 32;
    struct timer **items = realloc(q->items, cap * sizeof *items);
    if (items == NULL)
        return -1;
    q->items = items;
    q->cap = cap;
    return 0;
}

uint64_t timer_add(struct timer_queue *q, uint64_t due, timer_fn fn, void *arg, const void *blob, size_t len)
{
    if (reserve(q) != 0)
        return 0;
    struct timer *t = timer_make(due, fn, arg, blob, len);
    if (t == NULL)
        return 0;
    t->id = ++q->next_id;
    q->items[q->count++] = t; // <- cost
    return t->id;
}

int timer_cancel(struct timer_queue *q, uint64_t id)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->items[i]->id == id) {
            q->items[i]->cancelled = 1; // <- cost
            return 0;
        }
    }
    return -1;
}

size_t timer_run(struct timer_queue *q, uint64_t now)
{
    size_t ran = 0, i = 0;
    while (i < q->count) {
        struct timer *t = q->items[i];
        if (t->cancelled || t->due > now) { // <- cost
            i++;
            continue;
        }
        q->items[i] = q->items[--q->count];
        t->fn(t->arg, t->blob, t->len);
        free(t->blob);
        free(t);
        ran++;
    }
    q->fired += ran;
    return ran;
}
