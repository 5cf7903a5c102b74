/* Calls a function of its own and the kernel a known number of times, in a thread and a child too. On "go" it works once
   and prints what it did. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 211
#define THREAD_CALLS 97
#define CHILD_CALLS 53

__attribute__((noinline)) unsigned counted(unsigned size)
{
    __asm__ volatile("" ::: "memory");
    return size * 2;
}

static unsigned total;

static void repeat(int times)
{
    struct stat found;
    for (int i = 0; i < times; i++) {
        total += counted(i % 7);
        stat("/known/path", &found);
    }
}

static void *in_thread(void *nothing)
{
    repeat(THREAD_CALLS);
    return nothing;
}

int main(void)
{
    char word[64];
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && strcmp(word, "stop\n") != 0) {
        pthread_t thread;
        repeat(CALLS);
        pthread_create(&thread, NULL, in_thread, NULL);
        pthread_join(thread, NULL);
        pid_t child = fork();
        if (child == 0) {
            repeat(CHILD_CALLS);
            _exit(0);
        }
        waitpid(child, NULL, 0);
        printf("{\"calls\": %d, \"in_child\": %d, \"total\": %u}\n", CALLS + THREAD_CALLS, CHILD_CALLS, total);
        fflush(stdout);
    }
    return 0;
}
