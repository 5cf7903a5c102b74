#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#define BUCKETS 1024
#define TTL 60
#define MAX_ADDRS 8

struct entry {
    char *host;
    struct sockaddr_storage addrs[MAX_ADDRS];
    int count;
    time_t expires;
    struct entry *next;
};

struct dns_cache {
    struct entry *buckets[BUCKETS]; /* by hash of the host */ // <- cost
    uint64_t hits, misses;
    char last_failed[256];
};

static unsigned hash_host(const char *s)
{
    unsigned h = 2166136261u;
    for (; *s; s++)
        h = (h ^ (unsigned char)(*s | 0x20)) * 16777619u;
    return h % BUCKETS;
}

static struct entry *resolve(const char *host)
{
    struct addrinfo hints, *res, *ai;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, NULL, &hints, &res) != 0)
        return NULL;
    struct entry *e = calloc(1, sizeof *e); // <- made 97
    if (e == NULL) {
        freeaddrinfo(res);
        return NULL;
    }
    e->host = strdup(host); // <- made 3
    for (ai = res; ai != NULL && e->count < MAX_ADDRS; ai = ai->ai_next)
        memcpy(&e->addrs[e->count++], ai->ai_addr, ai->ai_addrlen);
    e->expires = time(NULL) + TTL;
    freeaddrinfo(res);
    return e;
}

struct dns_cache *dns_cache_new(void)
{
    return calloc(1, sizeof(struct dns_cache));
}

const struct sockaddr_storage *dns_lookup(struct dns_cache *c, const char *host, int *count)
{
    unsigned b = hash_host(host);
    time_t now = time(NULL);
    struct entry *e;

    for (e = c->buckets[b]; e != NULL; e = e->next) {
        if (e->expires > now && strcasecmp(e->host, host) == 0) { // <- cost
            c->hits++;
            *count = e->count;
            return e->addrs;
        }
    }
    c->misses++;
    e = resolve(host);
    if (e == NULL) {
        strncpy(c->last_failed, host, sizeof c->last_failed - 1);
        *count = 0;
        return NULL;
    }
    e->next = c->buckets[b];
    c->buckets[b] = e; // <- cost
    *count = e->count;
    return e->addrs;
}

void dns_cache_free(struct dns_cache *c)
{
    for (int i = 0; i < BUCKETS; i++) {
        while (c->buckets[i] != NULL) {
            struct entry *e = c->buckets[i];
            c->buckets[i] = e->next;
            free(e->host);
            free(e);
        }
    }
    free(c);
}
