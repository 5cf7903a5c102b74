/* expect: healthy bench */
/* Threads book payments into one ledger. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define THREADS 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double ledger[1024];

__attribute__((noinline)) static double interest(long number)
{
    double sum = 0;
    for (int i = 1; i < 20000; i++)
        sum += sqrt(number % 1000 + i);
    return sum;
}

__attribute__((noinline)) static void book(long number)
{
    double amount = interest(number);
    pthread_mutex_lock(&lock);
    ledger[number % 1024] += amount;
    pthread_mutex_unlock(&lock);
}

static void *work(void *unused)
{
    for (long number = 0;; number++)
        book(number);
    return unused;
}

int main(void)
{
    pthread_t worker;
    for (int i = 1; i < THREADS; i++)
        pthread_create(&worker, NULL, work, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    work(NULL);
}
