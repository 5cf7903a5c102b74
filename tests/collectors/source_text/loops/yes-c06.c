#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct host {
    uint8_t mac[6];
    uint64_t bytes;
    uint32_t packets;
    struct host *next;
};

static struct host *hosts;

static struct host *host_get(const uint8_t *mac)
{
    struct host *h;
    for (h = hosts; h != NULL; h = h->next) {
        if (memcmp(h->mac, mac, 6) == 0) // <- 0
            return h;
    }
    h = calloc(1, sizeof *h);
    memcpy(h->mac, mac, 6);
    h->next = hosts;
    hosts = h;
    return h;
}

void account(struct capture *cap)
{
    struct frame f;
    while (capture_next(cap, &f) == 0) { // <- outer
        struct host *h = host_get(f.data + 6); // <- 1
        h->bytes += f.len;
        h->packets++;
    }
}
