/* Timers of the session border controller. */
#include <stdint.h>
#include <stdlib.h>

typedef void (*timer_fn)(void *arg);

typedef struct tmr {
    uint64_t due;
    timer_fn fn;
    void *arg;
    struct tmr *next;
} tmr;

typedef struct {
    tmr *head;
    size_t pending;
} wheel;

int wheel_add(wheel *w, uint64_t due, timer_fn fn, void *arg)
{
    tmr *t = malloc(sizeof *t);
    if (!t)
        return -1;
    t->due = due;
    t->fn = fn;
    t->arg = arg;
    tmr **pp = &w->head;
    while (*pp && (*pp)->due <= due) // <- cost hot 74
        pp = &(*pp)->next; // <- cost hot 18
    t->next = *pp;
    *pp = t;
    w->pending++;
    return 0;
}

static int wheel_pop(wheel *w, uint64_t now, tmr *out)
{
    tmr *t = w->head;
    if (!t || t->due > now)
        return 0;
    w->head = t->next;
    *out = *t;
    free(t);
    w->pending--;
    return 1;
}

void wheel_advance(wheel *w, uint64_t now)
{
    tmr t;
    while (wheel_pop(w, now, &t))
        t.fn(t.arg);
}
