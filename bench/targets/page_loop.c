/* As many page faults as one core can take: maps, touches and unmaps. Prints "ready PID"; argv[1] names a file of eight
 * bytes in which it counts its faults. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 256

__attribute__((noinline)) static void touch(void)
{
    char *area = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(area, PAGES * 4096, MADV_NOHUGEPAGE);
    for (int i = 0; i < PAGES; i++)
        area[i * 4096] = 1;
    munmap(area, PAGES * 4096);
}

int main(int argc, char **argv)
{
    volatile uint64_t *counter = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, open(argv[argc - 1], O_RDWR), 0);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        touch();
        *counter += PAGES;
    }
}
