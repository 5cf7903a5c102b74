/* expect: healthy bench */
/* Checks the sums of blocks, eight at a time, by two threads that stay. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define BLOCKS 8
#define BYTES 16384
#define ROUNDS 50
#define WORKERS 2

static unsigned char block[BLOCKS][BYTES];
static uint32_t sums[BLOCKS];
static pthread_barrier_t begin, end;

__attribute__((noinline)) static uint32_t sum_of(const unsigned char *bytes)
{
    uint32_t a = 1, b = 0;
    for (int i = 0; i < BYTES; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void *check(void *which)
{
    for (;;) {
        pthread_barrier_wait(&begin);
        for (int round = 0; round < ROUNDS; round++)
            for (long i = (long)which; i < BLOCKS; i += WORKERS)
                sums[i] = sum_of(block[i]);
        pthread_barrier_wait(&end);
    }
    return NULL;
}

int main(void)
{
    pthread_t worker;
    for (int i = 0; i < BLOCKS; i++)
        for (int j = 0; j < BYTES; j++)
            block[i][j] = i * 31 + j;
    pthread_barrier_init(&begin, NULL, WORKERS + 1);
    pthread_barrier_init(&end, NULL, WORKERS + 1);
    for (long i = 0; i < WORKERS; i++)
        pthread_create(&worker, NULL, check, (void *)i);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        pthread_barrier_wait(&begin);
        pthread_barrier_wait(&end);
    }
}
