/* Three ways of keeping, each second of which is told by its line: a cache that fills in the first half second and then
 * levels off, a leak that goes on, and a queue whose blocks live for a tenth of a second. Prints "ready PID LINES" and
 * works until it is stopped, from the moment that it hears "go".
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define HOT __attribute__((noinline))

static void *volatile cache[97], *volatile queue[11], *volatile leak;

HOT static void *fill(void)
{
    return malloc(8191); /* <- cache */
}

HOT static void *enqueue(void)
{
    return malloc(4093); /* <- queue */
}

HOT static void *lose(void)
{
    return malloc(2039); /* <- leak */
}

int main(void)
{
    char word;
    printf("ready %d\n", getpid());
    fflush(stdout);
    if (read(0, &word, 1) != 1) return 1;
    for (unsigned i = 0;; i++) {
        if (i < 97) *(cache + i) = fill();
        free(queue[i % 11]);
        queue[i % 11] = enqueue();
        leak = lose();
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}
