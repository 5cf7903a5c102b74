/* "ready PID", "go": a child executes this program again and allocates at a known line, a moment after it began, when it is
 * surely looked at. One JSON line of truth, "stop". */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_OF_ALLOCATION 16

static void *volatile kept[4096];

__attribute__((noinline)) static void allocate(int times)
{
    for (int i = 0; i < times; i++)
        kept[i] = malloc(521);
}

static void wait_for_line(void)
{
    char byte;
    while (read(0, &byte, 1) == 1 && byte != '\n') {}
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        usleep(500000);
        allocate(1009);
        usleep(300000);
        _exit(0);
    }
    printf("ready %d\n", getpid());
    fflush(stdout);
    wait_for_line();
    if (fork() == 0) {
        allocate(7); /* what the process was before is gone with it */
        execl("/proc/self/exe", argv[0], "child", (char *)NULL);
    }
    wait(NULL);
    printf("{\"%d\": {\"function\": \"allocate\", \"calls\": 1009, \"bytes\": %d, \"frees\": 0, \"freed_bytes\": 0}}\n",
           LINE_OF_ALLOCATION, 1009 * 521);
    fflush(stdout);
    wait_for_line();
    _exit(0);
}
