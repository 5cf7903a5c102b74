/* Starts many children that live for a moment: fork_storm PER_SECOND. At "go" it starts 1009 of them at that rate; each
 * makes 7 stat calls, every third executes /bin/true. The parent itself makes 211 stat calls. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN = 1009, EACH = 7, OWN = 211 };

__attribute__((noinline)) static void look(int times)
{
    struct stat st;
    for (int i = 0; i < times; i++) {
        stat("/", &st);
    }
}

int main(int argc, char **argv)
{
    long pause = 1000000000L / (argc > 1 ? atol(argv[1]) : 500);
    char word[16];
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && !strncmp(word, "go", 2)) {
        struct timespec next;
        clock_gettime(CLOCK_MONOTONIC, &next);
        for (int i = 0; i < CHILDREN; i++) {
            pid_t child = fork();
            if (!child) {
                look(EACH);
                if (i % 3 == 0)
                    execl("/bin/true", "true", (char *)0);
                _exit(0);
            }
            waitpid(child, NULL, 0);
            next.tv_nsec += pause;
            if (next.tv_nsec >= 1000000000L)
                next.tv_sec++, next.tv_nsec -= 1000000000L;
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        }
        look(OWN);
        printf("{\"calls\": %d}\n", CHILDREN * EACH + OWN);
        fflush(stdout);
    }
    return 0;
}
