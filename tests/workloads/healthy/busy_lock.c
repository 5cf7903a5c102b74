/* expect: healthy bench */
/* A lock that is taken a million times a second and hardly ever waited for: held for some nanoseconds. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long booked;

__attribute__((noinline)) static uint64_t work_out(uint64_t seed)
{
    for (int i = 0; i < 4000; i++)
        seed = (seed ^ (seed >> 13)) * 0x2545f4914f6cdd1du + i;
    return seed;
}

static void *work(void *which)
{
    uint64_t seed = (uint64_t)which + 1;
    for (;;) {
        seed = work_out(seed);
        pthread_mutex_lock(&lock);
        booked += seed & 1;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t other;
    pthread_create(&other, NULL, work, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    work((void *)7);
}
