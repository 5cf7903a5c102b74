#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct packet {
    uint32_t seq;
    uint16_t len;
    uint8_t *data;
    struct packet *next;
};

struct flow {
    struct packet *head;
    struct packet *tail;
    size_t bytes;
};

static struct packet *packet_new(uint32_t seq, const uint8_t *data, uint16_t len)
{
    struct packet *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->data = malloc(len);
    if (!p->data) {
        free(p);
        return NULL;
    }
    memcpy(p->data, data, len); // <- hot 70
    p->seq = seq;
    p->len = len;
    return p;
}

static void flow_append(struct flow *f, struct packet *p)
{
    if (f->tail)
        f->tail->next = p; // <- hot 12
    else
        f->head = p;
    f->tail = p;
    f->bytes += p->len;
}

int flow_load(struct flow *f, const uint8_t *raw, size_t size)
{
    size_t off = 0;
    uint32_t seq = 0;

    while (off + 2 <= size) {
        uint16_t len = (uint16_t)(raw[off] << 8 | raw[off + 1]);
        struct packet *p;

        off += 2;
        if (off + len > size)
            return -1;
        p = packet_new(seq++, raw + off, len);
        if (!p)
            return -1;
        flow_append(f, p);
        off += len;
    }
    return 0;
}
