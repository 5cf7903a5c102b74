#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS 1024

struct record {
    char *name;
    struct addrinfo *addrs;
    time_t expires;
    struct record *next;
};

struct failure {
    char name[64];
    time_t until;
};

static struct record *cache[SLOTS]; // <- cost
static struct failure failures[32];
static unsigned failure_at;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned slot_of(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h % SLOTS;
}

static struct addrinfo *query(const char *name)
{
    struct addrinfo hints, *res = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(name, NULL, &hints, &res) != 0) // <- made 70
        return NULL;
    return res;
}

static void note_failure(const char *name, time_t now)
{
    struct failure *f = &failures[failure_at++ % 32];
    strncpy(f->name, name, sizeof f->name - 1);
    f->name[sizeof f->name - 1] = 0;
    f->until = now + 30;
}

static int failed_lately(const char *name, time_t now)
{
    for (int i = 0; i < 32; i++)
        if (failures[i].until > now && strcmp(failures[i].name, name) == 0)
            return 1;
    return 0;
}

static struct record *insert(const char *name, struct addrinfo *addrs, time_t expires)
{
    struct record *r = malloc(sizeof *r); // <- made 20
    unsigned s = slot_of(name);
    r->name = strdup(name); // <- made 10
    r->addrs = addrs;
    r->expires = expires;
    r->next = cache[s];
    cache[s] = r; // <- cost
    return r;
}

const struct addrinfo *resolve(const char *host, int ttl)
{
    time_t now = time(NULL);
    const struct addrinfo *found = NULL;
    char *name = strdup(host);
    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p += 'a' - 'A';
    pthread_mutex_lock(&lock);
    for (struct record *r = cache[slot_of(name)]; r; r = r->next)
        if (r->expires > now && strcmp(r->name, name) == 0) { // <- cost
            found = r->addrs;
            break;
        }
    if (!found && !failed_lately(name, now)) {
        struct addrinfo *fresh = query(name);
        if (fresh)
            found = insert(name, fresh, now + ttl)->addrs;
        else
            note_failure(name, now);
    }
    pthread_mutex_unlock(&lock);
    free(name);
    return found;
}
