/* Timers of the session border controller. */
#include <stdint.h>
#include <stdlib.h>

typedef void (*timer_fn)(void *arg);

typedef struct tmr {
    uint64_t due;
    timer_fn fn;
    void *arg;
} tmr;

typedef struct {
    tmr *heap;
    size_t pending, cap;
} wheel;

int wheel_add(wheel *w, uint64_t due, timer_fn fn, void *arg)
{
    if (w->pending == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 256;
        tmr *h = realloc(w->heap, cap * sizeof *h);
        if (!h)
            return -1;
        w->heap = h;
        w->cap = cap;
    }
    size_t i = w->pending++;
    while (i && w->heap[(i - 1) / 2].due > due) { // <- hot 19
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = (tmr){ due, fn, arg };
    return 0;
}

static int wheel_pop(wheel *w, uint64_t now, tmr *out)
{
    if (!w->pending || w->heap[0].due > now)
        return 0;
    *out = w->heap[0];
    tmr last = w->heap[--w->pending];
    size_t i = 0, c;
    while ((c = 2 * i + 1) < w->pending) {
        if (c + 1 < w->pending && w->heap[c + 1].due < w->heap[c].due) // <- hot 33
            c++;
        if (w->heap[c].due >= last.due)
            break;
        w->heap[i] = w->heap[c]; // <- hot 17
        i = c;
    }
    w->heap[i] = last;
    return 1;
}

void wheel_advance(wheel *w, uint64_t now)
{
    tmr t;
    while (wheel_pop(w, now, &t))
        t.fn(t.arg);
}
