/* A program that computes, waits, reads the clock and touches new memory, each on one line that is known, called from
 * lines that are known: "ready PID", "go", one JSON line of how often, "stop".
 *
 * -DINLINED: all of it is inlined into work(). -DEXPORTED: all functions but touch() are in the dynamic symbol table. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))
#if defined(INLINED)
#define HOT static inline __attribute__((always_inline))
#elif defined(EXPORTED)
#define HOT APART
#else
#define HOT static APART
#endif
#define ALONE static APART

#define WAITS 23
#define PAGES 211
#define LOOKS 2000000L

HOT unsigned burn(unsigned seed, long times)
{
    for (long i = 0; i < times; i++) seed = seed * 31 + i % 7; /* @hot */
    return seed;
}

HOT int nap(int times)
{
    struct timespec nap = {0, 1000000};
    int whole = 0;
    for (int i = 0; i < times; i++) {
        whole += nanosleep(&nap, NULL) == 0; /* @wait */
    }
    return whole;
}

/* (its name is in no dynamic symbol table, so its place is not to be taken for its neighbour's) */
ALONE int touch(volatile char *area, int pages)
{
    for (int i = 0; i < pages; i++) {
        area[i * 4096L] = 1; /* @touch */
    }
    return area[0];
}

HOT long read_clock(long times)
{
    struct timespec now;
    long sum = 0;
    for (long i = 0; i < times; i++) {
        sum += clock_gettime(CLOCK_MONOTONIC, &now) + now.tv_nsec; /* @clock */
    }
    return sum;
}

static APART unsigned work(volatile char *area, unsigned seed)
{
    seed = burn(seed, 200000000L) + 1; /* @calls burn */
    seed += nap(WAITS); /* @calls nap */
    seed += touch(area, PAGES); /* @calls touch */
    seed += read_clock(LOOKS); /* @calls read_clock */
    return seed;
}

int main(void)
{
    char word[16];
    char *area = mmap(NULL, PAGES * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(area, PAGES * 4096L, MADV_NOHUGEPAGE);
    printf("ready %d\n", getpid());
    fflush(stdout);
    if (!fgets(word, sizeof word, stdin) || word[0] != 'g')
        return 0;
    unsigned seed = work(area, getpid()); /* @calls work */
    printf("{\"waits\": %d, \"pages\": %d, \"seed\": %u}\n", WAITS, PAGES, seed);
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && word[0] != 's') {}
    return 0;
}
