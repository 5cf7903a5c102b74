/* expect: pattern=busy-wait bench */
/* One thread works, another waits for it to be done. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_long done;
static volatile double result;

static void *work(void *unused)
{
    for (;;) {
        for (int i = 1; i < 5000000; i++)
            result += 1.0 / i;
        atomic_fetch_add(&done, 1);
    }
    return unused;
}

__attribute__((noinline)) static void wait_for(long number)
{
    while (atomic_load(&done) < number) // <- cost
        ;                               // <- cost
}

int main(void)
{
    pthread_t worker;
    pthread_create(&worker, NULL, work, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (long number = 1;; number++)
        wait_for(number);
}
