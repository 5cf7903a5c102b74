/* As many cheap system calls as one core can make: one-byte pread() of a file in the page cache.
 * Prints "ready PID", then every second the calls of that second, until stopped (SIGTERM) or for argv[1] seconds.
 * argv[2] names a file of eight bytes in which it counts its calls, for who wants to know without asking.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HOT __attribute__((noinline))
#define BATCH 1000

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

HOT static void storm(int fd)
{
    char byte;
    for (int i = 0; i < BATCH; i++)
        (void)!pread(fd, &byte, 1, 0);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1e9;
    int fd = open(argv[0], O_RDONLY);
    static uint64_t own;
    volatile uint64_t *counter = &own;
    if (argc > 2)
        counter = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, open(argv[2], O_RDWR), 0);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (double end = now() + seconds, mark = now(); mark < end;) {
        long calls = 0;
        double t;
        do {
            storm(fd);
            calls += BATCH;
            *counter += BATCH;
        } while ((t = now()) < mark + 1);
        printf("%.0f\n", calls / (t - mark));
        fflush(stdout);
        mark = t;
    }
    return 0;
}
