#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MSG_PING = 1, MSG_SET = 2, MSG_GET = 3 };

#define SLOTS 256

struct message {
    uint16_t type;
    uint16_t key;
    uint32_t len;
    char *payload;
};

static char *slots[SLOTS];
static unsigned long stats[4];

static int read_full(int fd, void *buf, size_t n)
{
    char *p = buf;
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

static struct message *read_message(int fd)
{
    uint8_t head[8];
    if (read_full(fd, head, sizeof head) != 0)
        return NULL;
    struct message *m = malloc(sizeof *m); // <- made 10
    if (m == NULL)
        return NULL;
    m->type = (uint16_t)(head[0] << 8 | head[1]);
    m->key = (uint16_t)(head[2] << 8 | head[3]);
    m->len = (uint32_t)head[5] << 16 | (uint32_t)head[6] << 8 | head[7];
    m->payload = malloc(m->len + 1); // <- made 90
    if (m->payload == NULL || read_full(fd, m->payload, m->len) != 0) {
        free(m->payload);
        free(m);
        return NULL;
    }
    m->payload[m->len] = '\0';
    return m;
}

static void message_free(struct message *m)
{
    free(m->payload);
    free(m);
}

static int reply(int fd, const char *text)
{
    char *line = malloc(strlen(text) + 2);
    if (line == NULL)
        return -1;
    int n = sprintf(line, "%s\n", text);
    int rc = write(fd, line, (size_t)n) == n ? 0 : -1;
    free(line);
    return rc;
}

int serve_one(int fd)
{
    struct message *m = read_message(fd); // <- cost
    if (m == NULL)
        return -1;
    if (m->key >= SLOTS) {
        stats[0]++;
        return reply(fd, "ERR no such slot"); // <- cost
    }
    int rc = 0;
    stats[m->type & 3]++;
    switch (m->type) {
    case MSG_PING:
        rc = reply(fd, "PONG");
        break;
    case MSG_SET:
        free(slots[m->key]);
        slots[m->key] = m->payload;
        m->payload = NULL;
        rc = reply(fd, "OK");
        break;
    case MSG_GET:
        rc = reply(fd, slots[m->key] ? slots[m->key] : "");
        break;
    default:
        rc = reply(fd, "ERR unknown");
    }
    message_free(m);
    return rc;
}
