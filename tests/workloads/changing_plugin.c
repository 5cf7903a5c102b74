/* Code that takes the place of other code: one function, the same bytes but for the number of the system call that it
 * makes, at the same offset, in two builds with other names and lines. It needs nothing around it: it can be copied. */
#include <sys/syscall.h>

static inline __attribute__((always_inline)) long ask(long number)
{
    long answer;
#ifdef __x86_64__
    __asm__ volatile("syscall" : "=a"(answer) : "a"(number) : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0");
    __asm__ volatile("svc 0" : "=r"(x0) : "r"(x8) : "memory");
    answer = x0;
#endif
    return answer;
}

#ifndef SECOND
long first(long times)
{
    long sum = 0;
    for (long i = 0; i < times; i++) {
        sum += ask(SYS_getppid); /* @first */
    }
    return sum;
}
long work(long times) __attribute__((alias("first")));
#else
long second(long times)
{
    long sum = 0;
    for (long i = 0; i < times; i++) {
        sum += ask(SYS_getuid); /* @second */
    }
    return sum;
}
long work(long times) __attribute__((alias("second")));
#endif

#ifdef PROGRAM
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As a program of its own: it works, and becomes another program where it is given one. */
int main(int count, char **arguments)
{
    char word[16];
    if (count > 2)
        work(10);
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && word[0] == 'g') {
        long times = 101;
#ifdef SECOND
        times = 103;
#endif
        work(times);
        if (count > 1)
            execl(arguments[1], arguments[1], (char *)0);
        printf("{\"calls\": %ld}\n", times);
        fflush(stdout);
    }
    return 0;
}
#endif
