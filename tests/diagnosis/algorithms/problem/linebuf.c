/* Line framing for the syslog TCP receiver. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*line_cb)(const char *line, size_t len, void *ctx);

typedef struct {
    char *data;
    size_t len, cap;
    line_cb on_line;
    void *ctx;
    unsigned long lines, bytes;
} linebuf;

static int linebuf_reserve(linebuf *b, size_t extra)
{
    if (b->len + extra <= b->cap)
        return 0;
    size_t cap = b->cap ? b->cap : 65536;
    while (cap < b->len + extra)
        cap *= 2;
    char *p = realloc(b->data, cap);
    if (!p)
        return -1;
    b->data = p;
    b->cap = cap;
    return 0;
}

static void linebuf_consume(linebuf *b, size_t n)
{
    b->len -= n;
    b->bytes += n;
    memmove(b->data, b->data + n, b->len); // <- cost hot 91
}

static void linebuf_drain(linebuf *b)
{
    char *nl;
    while ((nl = memchr(b->data, '\n', b->len)) != NULL) { // <- cost
        size_t n = (size_t)(nl - b->data);
        b->on_line(b->data, n, b->ctx);
        b->lines++;
        linebuf_consume(b, n + 1);
    }
}

int linebuf_feed(linebuf *b, const char *chunk, size_t n)
{
    if (linebuf_reserve(b, n) < 0)
        return -1;
    memcpy(b->data + b->len, chunk, n);
    b->len += n;
    linebuf_drain(b);
    return 0;
}
