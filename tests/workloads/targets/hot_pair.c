/* Two functions that compute (it says which share of their time is the first one's), and one that asks for its pid
 * 10007 times at "go": built static, stripped or both by the tests. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

volatile unsigned long sink;

__attribute__((noinline)) void burn_twice(void)
{
    for (int i = 0; i < 2000000; i++)
        sink += i;
}

__attribute__((noinline)) void burn_once(void)
{
    for (int i = 0; i < 1000000; i++)
        sink ^= i;
}

__attribute__((noinline)) void ask_often(void)
{
    for (int i = 0; i < 10007; i++)
        syscall(SYS_getppid);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(void)
{
    char word[16];
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && !strncmp(word, "go", 2)) {
        double first = 0, second = 0, began;
        for (int i = 0; i < 300; i++) {
            began = cpu_seconds();
            burn_twice();
            first += cpu_seconds() - began;
            began = cpu_seconds();
            burn_once();
            second += cpu_seconds() - began;
        }
        ask_often();
        printf("{\"calls\": 10007, \"first\": %f}\n", first / (first + second));
        fflush(stdout);
    }
    return 0;
}
