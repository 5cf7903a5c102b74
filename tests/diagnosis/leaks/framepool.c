#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define POOL_BLOCK 4096

struct block {
    struct block *next;
    unsigned char *last, *end;
};

struct pool {
    struct block *head; // <- cost
};

struct stream {
    uint32_t id;
    struct pool *pool;
    char *uri;
    struct stream *next;
};

struct out_frame {
    struct out_frame *next;
    struct stream *stream;
    unsigned char *payload;
    size_t len;
};

struct connection {
    struct pool *pool;
    struct out_frame *free_frames;
    struct out_frame *queue;
    struct stream *streams;
};

struct pool *pool_create(void)
{
    return calloc(1, sizeof(struct pool));
}

void *pool_alloc(struct pool *p, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    struct block *b = p->head;
    if (!b || (size_t)(b->end - b->last) < size) {
        size_t room = size > POOL_BLOCK ? size : POOL_BLOCK;
        b = malloc(sizeof *b + 8 + room); // <- made 100
        b->last = (unsigned char *)b + ((sizeof *b + 15) & ~(size_t)15);
        b->end = (unsigned char *)b + sizeof *b + 8 + room;
        b->next = p->head;
        p->head = b; // <- cost
    }
    void *at = b->last;
    b->last += size;
    return at;
}

void pool_destroy(struct pool *p)
{
    while (p->head) {
        struct block *b = p->head;
        p->head = b->next;
        free(b);
    }
    free(p);
}

struct stream *stream_open(struct connection *c, uint32_t id, const char *uri)
{
    struct pool *pool = pool_create();
    struct stream *s = pool_alloc(pool, sizeof *s);
    *s = (struct stream){.id = id, .pool = pool, .next = c->streams};
    s->uri = strcpy(pool_alloc(pool, strlen(uri) + 1), uri);
    return c->streams = s;
}

void stream_close(struct connection *c, struct stream *s)
{
    struct stream **at = &c->streams;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    pool_destroy(s->pool);
}

void stream_send(struct connection *c, struct stream *s, const void *data, size_t len)
{
    struct out_frame *f = c->free_frames;
    if (f)
        c->free_frames = f->next;
    else
        f = pool_alloc(c->pool, sizeof *f);
    f->stream = s;
    f->len = len + 9;
    f->payload = pool_alloc(c->pool, f->len); // <- cost
    memset(f->payload, 0, 9);
    memcpy(f->payload + 9, data, len);
    f->next = c->queue;
    c->queue = f;
}

void connection_flush(struct connection *c, void (*write)(const void *, size_t))
{
    for (struct out_frame *f; (f = c->queue); c->free_frames = f) {
        c->queue = f->next;
        write(f->payload, f->len);
        f->next = c->free_frames;
    }
}
