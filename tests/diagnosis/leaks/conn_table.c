#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CONNS 512
#define CHUNK 4096

struct buf {
    char *data;
    size_t len;
    size_t cap;
};

struct conn {
    int fd;
    struct buf in;
    struct buf out;
    char *peer;
    long requests;
};

static struct conn *conns[MAX_CONNS];
static long total_requests;

static int buf_append(struct buf *b, const void *src, size_t n)
{
    if (b->len + n > b->cap) {
        size_t cap = b->cap ? b->cap : CHUNK;
        while (cap < b->len + n)
            cap *= 2;
        char *p = realloc(b->data, cap); // <- made 100
        if (p == NULL)
            return -1;
        b->data = p;
        b->cap = cap;
    }
    memcpy(b->data + b->len, src, n);
    b->len += n;
    return 0;
}

static void buf_consume(struct buf *b, size_t n)
{
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

struct conn *conn_open(int fd, const char *peer)
{
    if (fd < 0 || fd >= MAX_CONNS)
        return NULL;
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->fd = fd;
    c->peer = strdup(peer);
    conns[fd] = c;
    return c;
}

void conn_close(struct conn *c)
{
    conns[c->fd] = NULL;
    close(c->fd);
    total_requests += c->requests;
    free(c->peer);
    free(c->in.data);
    free(c); // <- cost
}

static int handle_line(struct conn *c, const char *line, size_t n)
{
    char *copy = malloc(n + 1);
    if (copy == NULL)
        return -1;
    memcpy(copy, line, n);
    copy[n] = '\0';
    char text[128];
    int k = snprintf(text, sizeof text, "%ld %zu %.60s\n", ++c->requests, n, copy);
    free(copy);
    return buf_append(&c->out, text, (size_t)k); // <- cost
}

int conn_readable(struct conn *c)
{
    char chunk[CHUNK];
    ssize_t got = read(c->fd, chunk, sizeof chunk);
    if (got <= 0 || buf_append(&c->in, chunk, (size_t)got) != 0) {
        conn_close(c);
        return -1;
    }
    char *nl;
    while (c->in.len > 0 && (nl = memchr(c->in.data, '\n', c->in.len)) != NULL) {
        size_t n = (size_t)(nl - c->in.data);
        handle_line(c, c->in.data, n);
        buf_consume(&c->in, n + 1);
    }
    ssize_t sent = c->out.len ? write(c->fd, c->out.data, c->out.len) : 0;
    if (sent > 0)
        buf_consume(&c->out, (size_t)sent);
    return 0;
}
