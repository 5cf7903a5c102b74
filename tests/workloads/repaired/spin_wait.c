/* expect: healthy bench */
/* One thread works, another waits for it to be done. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_long done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static volatile double result;

static void *work(void *unused)
{
    for (;;) {
        for (int i = 1; i < 5000000; i++)
            result += 1.0 / i;
        pthread_mutex_lock(&lock);
        atomic_fetch_add(&done, 1);
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

__attribute__((noinline)) static void wait_for(long number)
{
    pthread_mutex_lock(&lock);
    while (atomic_load(&done) < number)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
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
