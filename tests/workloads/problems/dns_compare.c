/* expect: pattern=hot-loop bench */
/* Counts how often each host name occurs in a log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES 2000

struct host {
    char name[48];
    long seen;
};

static struct host hosts[NAMES];
static int known;

__attribute__((noinline)) static struct host *find(const char *name)
{
    for (int i = 0; i < known; i++)
        if (strcmp(hosts[i].name, name) == 0) // <- cost
            return &hosts[i];                 // <- cost
    struct host *added = &hosts[known++];
    strcpy(added->name, name);
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
