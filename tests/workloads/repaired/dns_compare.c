/* expect: healthy bench */
/* Counts how often each host name occurs in a log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES 2000
#define SLOTS 8191

struct host {
    char name[48];
    long seen;
};

static struct host hosts[NAMES];
static struct host *slots[SLOTS];
static int known;

__attribute__((noinline)) static struct host *find(const char *name)
{
    unsigned at = 2166136261u;
    for (const char *c = name; *c; c++)
        at = (at ^ (unsigned char)*c) * 16777619u;
    for (at %= SLOTS; slots[at]; at = (at + 1) % SLOTS)
        if (strcmp(slots[at]->name, name) == 0)
            return slots[at];
    struct host *added = &hosts[known++];
    strcpy(added->name, name);
    slots[at] = added;
    return added;
}

__attribute__((noinline)) static long busiest(void)
{
    long most = 0;
    for (int i = 0; i < known; i++)
        most = hosts[i].seen > most ? hosts[i].seen : most;
    return most;
}

int main(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    unsigned random = 1;
    long total = 0;
    for (;;) {
        for (int line = 0; line < 5000; line++) {
            char name[48];
            random = random * 1664525 + 1013904223;
            snprintf(name, sizeof name, "service.cluster.example.org/host-%u", (random >> 8) % NAMES);
            find(name)->seen++;
        }
        total += busiest();
    }
    return (int)total;
}
