#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUF_SIZE 8192
#define MAX_POLL 1024

struct conn {
    int fd;
    char *in;
    size_t in_len;
    char *out;
    size_t out_len;
    int closing;
    struct conn *next;
};

struct server {
    int listen_fd;
    struct conn *conns; // <- cost
    struct pollfd polls[MAX_POLL];
};

static struct conn *conn_new(int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->in = malloc(BUF_SIZE);  // <- made 50
    c->out = malloc(BUF_SIZE); // <- made 50
    return c;
}

static void conn_free(struct conn *c)
{
    free(c->in);
    free(c->out);
    free(c);
}

static void add_conn(struct server *s, int fd)
{
    struct conn *c = conn_new(fd);
    c->next = s->conns;
    s->conns = c; // <- cost
}

static void reap(struct server *s)
{
    struct conn **p = &s->conns;
    while (*p) {
        struct conn *c = *p;
        if (c->closing) {
            *p = c->next;
            close(c->fd);
            conn_free(c);
        } else {
            p = &c->next;
        }
    }
}

static void on_readable(struct conn *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, BUF_SIZE - c->in_len, 0);
    if (n <= 0) {
        if (n == 0)
            c->closing = 1;
        else if (errno != EAGAIN) {
            close(c->fd);
            c->fd = -1; // <- cost
        }
        return;
    }
    c->in_len += (size_t)n;
    char *nl = memchr(c->in, '\n', c->in_len);
    if (nl) {
        size_t len = (size_t)(nl - c->in) + 1;
        char *reply = malloc(len + 3);
        memcpy(reply, "ok ", 3);
        memcpy(reply + 3, c->in, len);
        if (send(c->fd, reply, len + 3, MSG_NOSIGNAL) < 0)
            c->closing = 1;
        free(reply);
        memmove(c->in, nl + 1, c->in_len - len);
        c->in_len -= len;
    } else if (c->in_len == BUF_SIZE) {
        c->closing = 1;
    }
}

void server_turn(struct server *s)
{
    int n = 0;
    s->polls[n++] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
    for (struct conn *c = s->conns; c && n < MAX_POLL; c = c->next)
        s->polls[n++] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
    if (poll(s->polls, (nfds_t)n, 1000) <= 0)
        return;
    int i = 1;
    for (struct conn *c = s->conns; c && i < n; c = c->next, i++)
        if (s->polls[i].revents)
            on_readable(c);
    if (s->polls[0].revents & POLLIN)
        add_conn(s, accept(s->listen_fd, NULL, NULL));
    reap(s);
}
