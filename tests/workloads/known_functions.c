/* Functions that are called a known number of times at "go": primes, from two lines, in recursion, threads and a child. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAR __attribute__((noinline))
enum { FIRST = 1009, SECOND = 503, DEEP = 7, TIMES = 13, PER_THREAD = 211, THREADS = 3, IN_CHILD = 101, NAPS = 11 };

volatile long sink;

FAR long shared_work(long amount)
{
    for (long i = 0; i < amount; i++)
        sink += i;
    return amount % 2 ? -1 : amount;
}

FAR long descend(int depth)
{
    sink++;
    return depth ? descend(depth - 1) + 1 : 0;
}

FAR void nap(void)
{
    struct timespec time = {0, 3000000};
    nanosleep(&time, 0);
    sink++;
}

FAR void from_here(void)
{
    for (int i = 0; i < FIRST; i++)
        shared_work(i);
    sink++;
}

FAR void from_there(void)
{
    for (int i = 0; i < SECOND; i++)
        shared_work(10);
    sink++;
}

static void *in_thread(void *unused)
{
    for (int i = 0; i < PER_THREAD; i++)
        shared_work(2);
    return unused;
}

int main(void)
{
    char word[16];
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && !strncmp(word, "go", 2)) {
        from_here();
        from_there();
        for (int i = 0; i < TIMES; i++)
            descend(DEEP - 1);
        for (int i = 0; i < NAPS; i++)
            nap();
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            pthread_create(&threads[i], 0, in_thread, 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], 0);
        pid_t child = fork();
        if (!child) {
            struct timespec time = {0, 300000000};
            nanosleep(&time, 0); /* a child that lives on is probed too */
            for (int i = 0; i < IN_CHILD; i++)
                shared_work(4);
            _exit(0);
        }
        waitpid(child, 0, 0);
        printf("{\"first\": %d, \"second\": %d, \"threads\": %d, \"child\": %d, \"deep\": %d, \"times\": %d, \"naps\": %d}\n",
               FIRST, SECOND, PER_THREAD * THREADS, IN_CHILD, DEEP * TIMES, TIMES, NAPS);
        fflush(stdout);
    }
    return 0;
}
