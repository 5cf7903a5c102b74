// expect: pattern=open-close-churn bench
// The logger of a kennel whose giant rats sniff sputum samples for tuberculosis: the cages play back, many times as
// fast, each poke of a nose into a hole; the logger scores the rats, and keeps a journal of each rat and of each hole.
//
// Measured: CPU 38 % of a core at 74000 pokes a second (two journals each), in the twin 4.2 %.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CAGES = 4, RATS = 48, HOLES = 10, BURST = 130, LINE = 96, BINS = 32 };
#define JOURNAL_BYTES (1L << 20)

struct poke {
    int rat, hole;
    long millis, dwell;
    int positive; /* the sample is one that is known to be positive */
};

struct journal {
    char name[16];
    long bytes;
};

struct rat {
    long pokes, hits, misses, false_alarms, clean;
    long dwells[BINS]; /* by tenths of a second */
    struct journal journal;
};

struct kennel {
    const char *folder;
    struct rat rats[RATS];
    struct journal holes[HOLES];
    long refused;
};

struct cage {
    int fd;
    size_t held;
    char data[1 << 15];
};

static struct kennel kennel = {.folder = "kennel/journals"};
static struct cage cages[CAGES];

/* A line is "rat hole millis dwell sample", the sample being + or - or ? (not known). */
static int parse(char *line, struct poke *into) {
    char *at = line, *end;
    into->rat = (int)strtol(at, &end, 10);
    if (end == at || into->rat < 0 || into->rat >= RATS)
        return -1;
    at = end;
    into->hole = (int)strtol(at, &end, 10);
    if (end == at || into->hole < 0 || into->hole >= HOLES)
        return -1;
    at = end;
    into->millis = strtol(at, &end, 10);
    if (end == at)
        return -1;
    at = end;
    into->dwell = strtol(at, &end, 10);
    if (end == at || into->dwell < 0)
        return -1;
    end += strspn(end, " ");
    into->positive = *end == '+' ? 1 : *end == '-' ? 0 : -1;
    return 0;
}

/* A rat says "positive" by keeping its nose in the hole. */
static const char *score(struct rat *of, const struct poke *poke) {
    long bin = poke->dwell / 100;
    int says = poke->dwell >= 2000;
    of->pokes++;
    of->dwells[bin < BINS ? bin : BINS - 1]++;
    if (poke->positive < 0)
        return says ? "suspect" : "clear";
    if (poke->positive) {
        *(says ? &of->hits : &of->misses) += 1;
        return says ? "hit" : "miss";
    }
    *(says ? &of->false_alarms : &of->clean) += 1;
    return says ? "false" : "clean";
}

static void journal_name(char *into, size_t size, const struct journal *of, const char *suffix) {
    snprintf(into, size, "%s/%s.%s", kennel.folder, of->name, suffix);
}

/* A journal that is full becomes the old one. */
static int turn_page(struct journal *of) {
    char name[128], old[128];
    journal_name(name, sizeof name, of, "log");
    journal_name(old, sizeof old, of, "old");
    of->bytes = 0;
    return rename(name, old);
}

static int note(struct journal *of, const struct poke *poke, const char *verdict) {
    char name[128];
    journal_name(name, sizeof name, of, "log");
    FILE *journal = fopen(name, "a"); // <- cost
    if (!journal)
        return -1;
    int wrote = fprintf(journal, "%ld %d %d %ld %s\n", poke->millis, poke->rat, poke->hole, poke->dwell, verdict);
    if (fclose(journal) != 0 || wrote < 0) // <- cost
        return -1;
    of->bytes += wrote;
    return of->bytes >= JOURNAL_BYTES ? turn_page(of) : 0;
}

static void handle(char *line) {
    struct poke poke;
    if (parse(line, &poke) < 0) {
        kennel.refused++;
        return;
    }
    const char *verdict = score(&kennel.rats[poke.rat], &poke);
    if (note(&kennel.rats[poke.rat].journal, &poke, verdict) < 0) // <- cost
        perror("journal of the rat");
    if (note(&kennel.holes[poke.hole], &poke, verdict) < 0) // <- cost
        perror("journal of the hole");
}

/* Takes the whole lines of what a cage sent, and keeps the rest for later. */
static int take(struct cage *from) {
    ssize_t got = read(from->fd, from->data + from->held, sizeof from->data - from->held);
    if (got <= 0)
        return got < 0 && errno == EINTR ? 0 : -1;
    from->held += (size_t)got;
    char *line = from->data, *end = from->data + from->held, *stop;
    while ((stop = memchr(line, '\n', (size_t)(end - line)))) {
        *stop = 0;
        handle(line);
        line = stop + 1;
    }
    from->held = (size_t)(end - line);
    if (from->held == sizeof from->data)
        from->held = 0; /* no line is that long */
    memmove(from->data, line, from->held);
    return 0;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long all_pokes(void) {
    long all = 0;
    for (int i = 0; i < RATS; i++)
        all += kennel.rats[i].pokes;
    return all;
}

/* The rats that are ready for work: nine hits of ten, and few false alarms. */
static void report(void) {
    int fit = 0, best = 0;
    for (int i = 0; i < RATS; i++) {
        const struct rat *r = &kennel.rats[i];
        fit += r->hits * 10 >= (r->hits + r->misses) * 9 && r->false_alarms * 20 <= r->clean;
        if (r->hits * (kennel.rats[best].misses + 1) > kennel.rats[best].hits * (r->misses + 1))
            best = i;
    }
    fprintf(stderr, "%ld pokes, %ld refused, %d rats are fit, the best is %d\n", all_pokes(), kennel.refused, fit, best);
}

static int reach(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        exit(1);
    return fd;
}

/* The other side: the cages, which send what their holes saw every 7 ms. */
static void noses(int port) {
    static char burst[BURST * LINE];
    int lines[CAGES];
    uint32_t seed = 7;
    for (int c = 0; c < CAGES; c++)
        lines[c] = reach(port);
    double began = now();
    for (double due = began;; due += 0.007) {
        for (int c = 0; c < CAGES; c++) {
            int length = 0;
            for (int i = 0; i < BURST; i++) {
                seed = seed * 1664525 + 1013904223;
                int rat = c + CAGES * (int)((seed >> 10) % (RATS / CAGES));
                char sample = "+--?"[(seed >> 20) % 4];
                long dwell = sample == '+' ? 1900 + (seed >> 8) % 1400 : (seed >> 8) % 2050;
                length += snprintf(burst + length, LINE, "%d %u %ld %ld %c\n", rat, (seed >> 27) % HOLES,
                                   (long)((due - began) * 1000), dwell, sample);
            }
            if (send(lines[c], burst, (size_t)length, MSG_NOSIGNAL) != length)
                exit(1);
        }
        double left = due + 0.007 - now();
        if (left > 0)
            usleep((useconds_t)(left * 1e6));
        else if (left < -1)
            due = now();
    }
}

/* Starts a copy of this program which is nobody's child here. */
static void outside(int port) {
    char self[512] = {0}, line[700];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        exit(1);
    snprintf(line, sizeof line, "'%s' noses %d >/dev/null 2>&1 </dev/null &", self, port);
    if (system(line) != 0)
        exit(1);
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "noses"))
        noses(atoi(argv[2]));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (door < 0 || bind(door, (struct sockaddr *)&at, sizeof at) < 0 || listen(door, CAGES) < 0 ||
        getsockname(door, (struct sockaddr *)&at, &size) < 0) {
        perror("listen");
        return 1;
    }
    if ((mkdir("kennel", 0755) < 0 || mkdir(kennel.folder, 0755) < 0) && errno != EEXIST) {
        perror(kennel.folder);
        return 1;
    }
    for (int i = 0; i < RATS; i++)
        snprintf(kennel.rats[i].journal.name, sizeof kennel.rats[i].journal.name, "rat-%03d", i);
    for (int i = 0; i < HOLES; i++)
        snprintf(kennel.holes[i].name, sizeof kennel.holes[i].name, "hole-%02d", i);
    outside(ntohs(at.sin_port));
    struct pollfd ready[CAGES];
    for (int c = 0; c < CAGES; c++) {
        cages[c].fd = accept(door, NULL, NULL);
        ready[c] = (struct pollfd){.fd = cages[c].fd, .events = POLLIN};
    }
    int told = 0;
    double tell = now() + 10;
    while (poll(ready, CAGES, 1000) >= 0 || errno == EINTR) {
        for (int c = 0; c < CAGES; c++)
            if (ready[c].revents && take(&cages[c]) < 0)
                return 1;
        if (!told && all_pokes() > 20000) {
            printf("ready %d\n", (int)getpid());
            fflush(stdout);
            told = 1;
        }
        if (now() > tell) {
            report();
            tell += 10;
        }
    }
    return 1;
}
