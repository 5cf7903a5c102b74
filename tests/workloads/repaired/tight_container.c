/* expect: healthy bench */
/* Two threads hash blocks, with all the cores that there are. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t results[2];

__attribute__((noinline)) static uint64_t hash(uint64_t seed)
{
    for (int i = 0; i < 100000; i++)
        seed = (seed ^ i) * 0x9e3779b97f4a7c15u;
    return seed;
}

static void *work(void *which)
{
    for (;;)
        results[(long)which] += hash((uint64_t)which);
    return NULL;
}

int main(void)
{
    pthread_t other;
    pthread_create(&other, NULL, work, (void *)1);
    printf("ready %d\n", getpid());
    fflush(stdout);
    work((void *)0);
}
