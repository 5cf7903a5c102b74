/* expect: pattern=busy-wait bench */
/* Sends a measurement every 100 ms, and waits for the time to come. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double values[512];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

__attribute__((noinline)) static void pace(double until)
{
    struct timespec t;
    do
        clock_gettime(CLOCK_MONOTONIC, &t); // <- cost
    while ((double)t.tv_sec + (double)t.tv_nsec * 1e-9 < until); // <- cost
}

__attribute__((noinline)) static double measure(int round)
{
    double sum = 0;
    for (int i = 0; i < 512; i++)
        sum += values[i] = values[i] * 0.9 + round;
    return sum;
}

int main(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    double next = now(), total = 0;
    for (int round = 0;; round++) {
        total += measure(round);
        pace(next += 0.1);
    }
    return (int)total;
}
