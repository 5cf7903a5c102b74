/* A program whose page faults are known: "ready PID", "go", one JSON line of truth, "stop". */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define HOT __attribute__((noinline))
#define AT(where) ((where) = __LINE__)

static int line_of_touch, line_of_again;

HOT static char *map(int pages)
{
    char *area = mmap(NULL, pages * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(area, pages * 4096L, MADV_NOHUGEPAGE);
    return area;
}

HOT static void touch(volatile char *area, int pages)
{
    for (int i = 0; i < pages; i++) {
        AT(line_of_touch), area[i * 4096L] = 1;
    }
}

HOT static void touch_again(volatile char *area, int pages)
{
    for (int i = 0; i < pages; i++) {
        AT(line_of_again), area[i * 4096L] = 1;
    }
}

static void wait_for_line(void)
{
    char byte;
    while (read(0, &byte, 1) == 1 && byte != '\n') {}
}

int main(void)
{
    static char buffer[4096];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    printf("ready %d\n", getpid());
    fflush(stdout);
    line_of_touch = line_of_again = 1; /* (their page is there before it is counted) */
    wait_for_line();
    char *area = map(1511);
    touch(area, 1511);
    touch(area, 1511);
    madvise(area, 1009 * 4096L, MADV_DONTNEED);
    touch_again(area, 1511);
    printf("{\"%d\": {\"faults\": 1511}, \"%d\": {\"faults\": 1009}}\n", line_of_touch, line_of_again);
    fflush(stdout);
    wait_for_line();
    _exit(0);
}
