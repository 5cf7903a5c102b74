/* expect: pattern=thread-churn bench */
/* Checks the sums of blocks, eight at a time, each in a thread. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define BLOCKS 8
#define BYTES 16384

static unsigned char block[BLOCKS][BYTES];
static uint32_t sums[BLOCKS];

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
    long number = (long)which;
    sums[number] = sum_of(block[number]);
    return NULL;
}

__attribute__((noinline)) static void check_all(void)
{
    pthread_t worker[BLOCKS];
    for (long i = 0; i < BLOCKS; i++)
        pthread_create(&worker[i], NULL, check, (void *)i); // <- cost
    for (int i = 0; i < BLOCKS; i++)
        pthread_join(worker[i], NULL);
}

int main(void)
{
    for (int i = 0; i < BLOCKS; i++)
        for (int j = 0; j < BYTES; j++)
            block[i][j] = i * 31 + j;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;)
        check_all();
}
