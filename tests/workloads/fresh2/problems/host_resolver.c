/* expect: pattern=repeated-read bench */
/*
 * Answers over UDP which address a machine of the house has, by the list of machines that another program writes.
 * Measured: 170 us of a core for each answer, 8 us in the twin; three customers get 3,550 answers a second, 4,900 there.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MACHINES 1200
#define LIST "machines.txt"

struct machine {
    char name[48];
    uint32_t address;
};

static void write_list(void)
{
    FILE *list = fopen(LIST, "w");
    for (int i = 0; i < MACHINES; i++)
        fprintf(list, "10.%d.%d.%d\tdesk-%d.floor%d.house.example\t# office %d\n", i / 250, i % 250, i % 99 + 1, i * 7919 % MACHINES,
                i % 7, i % 40);
    fclose(list);
}

/* The machine of one line of the list, or 0. */
static int parse(const char *line, struct machine *found)
{
    char address[32];
    if (line[0] == '#' || sscanf(line, "%31s %47s", address, found->name) != 2)
        return 0;
    found->address = inet_addr(address);
    return 1;
}

__attribute__((noinline)) static uint32_t address_of(const char *name)
{
    char line[160];
    struct machine machine;
    uint32_t found = 0;
    FILE *list = fopen(LIST, "r"); // <- cost
    if (!list)
        return 0;
    while (!found && fgets(line, sizeof line, list)) // <- cost
        if (parse(line, &machine) && !strcmp(machine.name, name)) // <- cost
            found = machine.address;
    fclose(list);
    return found;
}

static long passed(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

/* Asks for one machine after the other, with a short rest. */
static void customer(struct sockaddr_in to, int seed)
{
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval patience = {1, 0};
    setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (unsigned i = (unsigned)seed;; i += 3) {
        char name[48];
        uint32_t answer;
        unsigned desk = i * 31 % MACHINES;
        snprintf(name, sizeof name, "desk-%u.floor%u.house.example", desk * 7919 % MACHINES, desk % 7);
        sendto(line, name, strlen(name), 0, (struct sockaddr *)&to, sizeof to);
        if (recv(line, &answer, sizeof answer, 0) < 0)
            _exit(0);
        usleep(500);
    }
}

int main(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, from;
    socklen_t size = sizeof own;
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    bind(line, (struct sockaddr *)&own, sizeof own);
    getsockname(line, (struct sockaddr *)&own, &size);
    write_list();
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            if (fork() == 0)
                customer(own, i);
            _exit(0);
        }
    FILE *log = fopen("resolver.log", "w");
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    long told = 0, known = 0;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (long count = 1;; count++) {
        char name[48];
        size = sizeof from;
        ssize_t got = recvfrom(line, name, sizeof name - 1, 0, (struct sockaddr *)&from, &size);
        if (got < 0)
            continue;
        name[got] = 0;
        uint32_t address = address_of(name); // <- cost
        known += address != 0;
        sendto(line, &address, sizeof address, 0, (struct sockaddr *)&from, size);
        if (passed(&began) - told > 1000) {
            told = passed(&began);
            long used = (long)(1e6 * (double)clock() / CLOCKS_PER_SEC / (double)count);
            fprintf(log, "%ld %ld answers, %ld known, %ld us of a core each\n", told, count, known, used);
            fflush(log);
        }
    }
}
