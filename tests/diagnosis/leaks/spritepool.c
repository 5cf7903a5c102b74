#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sprite {
    float x, y, vx, vy;
    int frame;
    int alive;
    unsigned char *pixels;
    struct sprite *next;
};

struct pool {
    struct sprite *active;
    struct sprite *idle; // <- cost
    int active_count;
    int idle_count;
};

struct drawcall {
    float x, y;
    const unsigned char *pixels;
};

struct drawlist {
    struct drawcall *calls;
    size_t count, cap;
};

static unsigned char *bake(int size, unsigned tint)
{
    unsigned char *px = malloc((size_t)size * size * 4); // <- made 95
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            float d = hypotf(x - size / 2.0f, y - size / 2.0f) / size;
            unsigned char *p = px + ((size_t)y * size + x) * 4;
            memcpy(p, &tint, 4);
            p[3] = d < 0.5f ? (unsigned char)(255 * (1 - 2 * d)) : 0;
        }
    return px;
}

struct sprite *pool_spawn(struct pool *p, float x, float y, unsigned tint)
{
    struct sprite *s = calloc(1, sizeof *s); // <- made 5 <- cost
    s->x = x;
    s->y = y;
    s->alive = 1;
    s->pixels = bake(32, tint);
    s->next = p->active;
    p->active = s;
    p->active_count++;
    return s;
}

static void retire(struct pool *p, struct sprite *s)
{
    s->next = p->idle;
    p->idle = s; // <- cost
    p->active_count--;
    p->idle_count++;
}

void pool_update(struct pool *p, float dt)
{
    struct sprite **at = &p->active;
    while (*at) {
        struct sprite *s = *at;
        s->vy += 98.0f * dt;
        s->x += s->vx * dt;
        s->y += s->vy * dt;
        s->frame++;
        if (s->y > 2000.0f || s->frame > 600)
            s->alive = 0;
        if (!s->alive) {
            *at = s->next;
            retire(p, s);
        } else {
            at = &s->next;
        }
    }
}

void pool_draw(const struct pool *p, struct drawlist *d)
{
    d->count = 0;
    for (const struct sprite *s = p->active; s; s = s->next) {
        if (d->count == d->cap) {
            d->cap = d->cap ? d->cap * 2 : 64;
            d->calls = realloc(d->calls, d->cap * sizeof *d->calls);
        }
        d->calls[d->count++] = (struct drawcall){ s->x, s->y, s->pixels };
    }
}
