#include <stdint.h>

struct timer {
    uint64_t due;
    void (*fn)(void *);
    void *arg;
    int live;
};

struct loop {
    struct timer *t;
    int nt;
    uint64_t now;
};

static int earliest(struct loop *l)
{
    int best = -1;
    for (int i = 0; i < l->nt; i++)
        if (l->t[i].live && (best < 0 || l->t[i].due < l->t[best].due)) // <- 0
            best = i;
    return best;
}

static int step(struct loop *l)
{
    int k = earliest(l); // <- 1
    if (k < 0)
        return 0;
    l->now = l->t[k].due;
    l->t[k].live = 0;
    l->t[k].fn(l->t[k].arg);
    return 1;
}

void loop_run(struct loop *l)
{
    while (step(l)) // <- 2 outer
        ;
}
