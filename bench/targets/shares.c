/* Functions whose shares of the CPU time are known: shares MODE THREADS FILE; as shares.py beside it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HOT __attribute__((noinline, noclone))
enum { TIMES = 8, GAPS = 64, LEAST_NS = 100000, MOST_GAPS = 63, FUNCTIONS = 5, DECK = 20 };

static volatile uint64_t *slots;
static int cached, scheduled;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

HOT static unsigned computes(unsigned *scratch)
{
    unsigned x = scratch[0];
    for (unsigned i = 0; i < 500000; i++) x = x * 31 + i;
    return scratch[0] = x;
}

static int by_value(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

/* In libc, which comes without frame pointers, and calls back. */
HOT static unsigned sorts(unsigned *scratch)
{
    for (unsigned i = 0; i < 6000; i++) scratch[i] = i * 2654435761u;
    qsort(scratch, 6000, sizeof *scratch, by_value);
    return scratch[17] + 1;
}

HOT static unsigned prints(unsigned *scratch)
{
    char text[64];
    for (unsigned i = 0; i < 1500; i++) scratch[1] += snprintf(text, sizeof text, "%d %.6f", i, i * 0.37);
    return scratch[1] + 1;
}

HOT static unsigned tiny(unsigned x) { return x * 31 + 7; }

HOT static unsigned calls(unsigned *scratch)
{
    unsigned x = scratch[2];
    for (unsigned i = 0; i < 300000; i++) x = tiny(x);
    return scratch[2] = x;
}

HOT static unsigned reads(unsigned *scratch)
{
    static __thread char into[1 << 20];
    for (int i = 0; i < 5; i++)
        if (pread(cached, into, sizeof into, 0) < 0) abort();
    return scratch[3] += into[0];
}

static unsigned (*const functions[FUNCTIONS])(unsigned *) = {computes, sorts, prints, calls, reads};
static const char deck[DECK] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4};

static void *mixed(void *argument)
{
    uintptr_t thread = (uintptr_t)argument;
    unsigned seed = 1 + thread;
    unsigned *scratch = calloc(6000, sizeof *scratch);
    char mine[DECK];
    memcpy(mine, deck, DECK);
    for (;;) {
        /* In any fixed order a regular look could meet always the same function. */
        for (int i = DECK - 1; i > 0; i--) {
            int j = rand_r(&seed) % (i + 1);
            char kept = mine[i];
            mine[i] = mine[j];
            mine[j] = kept;
        }
        for (int i = 0; i < DECK; i++) {
            uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
            functions[(int)mine[i]](scratch);
            slots[TIMES + 8 * thread + mine[i]] += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
        }
    }
    return NULL;
}

#define SHORT(name, n) \
    HOT static unsigned name(unsigned x) \
    { \
        for (unsigned i = 0; i < n; i++) x = x * 31 + i; \
        return x; \
    }
SHORT(first, 5000)
SHORT(second, 2500)
SHORT(third, 1500)
SHORT(fourth, 1000)

static uint64_t cost(unsigned (*function)(unsigned))
{
    uint64_t least = ~0ull;
    unsigned x = 1;
    for (int i = 0; i < 30; i++) {
        uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int j = 0; j < 50; j++) x = function(x);
        uint64_t took = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - began) / 50;
        if (took < least) least = took;
    }
    slots[1] = x;
    return least;
}

/* Nanoseconds that this thread was ready to run, and did not. */
static uint64_t kept_back(void)
{
    char text[64] = "";
    unsigned long long run, waited = 0;
    if (pread(scheduled, text, sizeof text - 1, 0) > 0) sscanf(text, "%llu %llu", &run, &waited);
    return waited;
}

HOT static unsigned turns(const uint64_t *costs)
{
    uint64_t last = clock_ns(CLOCK_MONOTONIC), waited = kept_back();
    unsigned x = 1;
    for (uint64_t turn = 1;; turn++) {
        x = first(x);
        x = second(x);
        x = third(x);
        x = fourth(x);
        slots[1] = x; /* or the compiler sees that nobody needs them */
        uint64_t now = clock_ns(CLOCK_MONOTONIC);
        int64_t gap = now - last;
        last = now;
        if (gap > LEAST_NS || turn % 64 == 0) {
            uint64_t was = waited;
            waited = kept_back();
            gap -= waited - was;
            if (gap > LEAST_NS) {
                int bucket = 4 * log2((double)gap / LEAST_NS);
                slots[GAPS + (bucket < MOST_GAPS ? bucket : MOST_GAPS)] += 1;
            }
        }
        for (int i = 0; i < 4; i++) slots[TIMES + i] = turn * costs[i];
        slots[0] = turn;
    }
    return x;
}

HOT static unsigned deep(int calls_left, const uint64_t *costs)
{
    return (calls_left ? deep(calls_left - 1, costs) : turns(costs)) + 1;
}

int main(int count, char **words)
{
    if (count != 4) return 2;
    slots = mmap(NULL, 1024, PROT_READ | PROT_WRITE, MAP_SHARED, open(words[3], O_RDWR), 0);
    if (slots == MAP_FAILED) return 1;
    char data[4096];
    snprintf(data, sizeof data, "%s.data", words[3]);
    cached = open(data, O_RDWR | O_CREAT, 0600);
    if (ftruncate(cached, 1 << 20)) return 1;
    scheduled = open("/proc/thread-self/schedstat", O_RDONLY);
    if (strcmp(words[1], "mixed") == 0) {
        for (uintptr_t i = 1; i < (uintptr_t)atoi(words[2]); i++) {
            pthread_t thread;
            pthread_create(&thread, NULL, mixed, (void *)i);
        }
        printf("ready %d %d\n", getpid(), getpid());
        fflush(stdout);
        mixed(0);
    }
    uint64_t costs[4] = {cost(first), cost(second), cost(third), cost(fourth)};
    printf("ready %d %d\n", getpid(), getpid());
    fflush(stdout);
    return deep(20, costs) & 1;
}
