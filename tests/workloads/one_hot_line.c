/* One line that uses all the CPU, until it is told to stop (any line on standard input, or SIGTERM). */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define HOT __attribute__((noinline))

HOT static unsigned burn(unsigned seed)
{
    for (unsigned i = 0; i < 20000000; i++) seed = seed * 31 + i % 7; /* @hot */
    return seed;
}

/* gcc gives burn(), which calls nobody, no frame of its own: a walk along the frame pointers goes from it to main(). */
HOT static unsigned work(unsigned seed)
{
    return burn(seed) + 1;
}

int main(void)
{
    struct pollfd told = {.fd = 0, .events = POLLIN};
    volatile unsigned seed = 1;
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (poll(&told, 1, 0) == 0)
        seed = work(seed); /* @caller */
    return 0;
}
