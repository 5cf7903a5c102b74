#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <arpa/inet.h>

#define MAX_BODY 1200
#define RESEND_MS 200
#define MAX_RESENDS 8

struct packet {
    uint32_t seq;
    uint32_t sent_at;
    uint16_t resends;
    uint16_t len;
    unsigned char *wire;
    struct packet *next;
};

struct channel {
    int fd;
    uint32_t next_seq;
    uint32_t rtt;
    struct packet *unacked; // <- cost
    uint32_t rtts[16];
    unsigned nrtt;
};

static struct packet *packet_build(uint32_t seq, const void *body, uint16_t len)
{
    struct packet *p = malloc(sizeof *p); // <- made 10
    if (p == NULL)
        return NULL;
    p->wire = malloc(4 + (size_t)len); // <- made 90
    if (p->wire == NULL) {
        free(p);
        return NULL;
    }
    uint32_t be = htonl(seq);
    memcpy(p->wire, &be, 4);
    memcpy(p->wire + 4, body, len);
    p->seq = seq;
    p->len = (uint16_t)(4 + len);
    p->resends = 0;
    return p;
}

int channel_send(struct channel *ch, const void *body, uint16_t len, uint32_t now)
{
    if (len > MAX_BODY)
        return -1;
    struct packet *p = packet_build(ch->next_seq, body, len);
    if (p == NULL)
        return -1;
    ch->next_seq++;
    p->sent_at = now;
    p->next = ch->unacked;
    ch->unacked = p; // <- cost
    return send(ch->fd, p->wire, p->len, 0) == p->len ? 0 : -1;
}

void channel_on_ack(struct channel *ch, uint32_t seq, uint32_t now)
{
    for (struct packet **pp = &ch->unacked; *pp != NULL; pp = &(*pp)->next) {
        struct packet *p = *pp;
        if (p->seq != seq)
            continue;
        ch->rtts[ch->nrtt++ % 16] = now - p->sent_at;
        *pp = p->next;
        free(p->wire);
        free(p);
        break;
    }
    uint32_t sum = 0;
    unsigned n = ch->nrtt < 16 ? ch->nrtt : 16;
    for (unsigned i = 0; i < n; i++)
        sum += ch->rtts[i];
    ch->rtt = n ? sum / n : RESEND_MS;
}

int channel_tick(struct channel *ch, uint32_t now)
{
    int resent = 0;
    for (struct packet *p = ch->unacked; p != NULL; p = p->next) {
        if (now - p->sent_at < RESEND_MS + ch->rtt)
            continue;
        if (p->resends >= MAX_RESENDS)
            continue; // <- cost
        p->resends++;
        p->sent_at = now;
        if (send(ch->fd, p->wire, p->len, 0) > 0)
            resent++;
    }
    return resent;
}
