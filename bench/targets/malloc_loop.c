/* As many pairs of malloc and free as one core can make. Prints "ready PID"; argv[1] names a file of eight bytes in which
 * it counts its pairs. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((noinline)) static void pairs(int times)
{
    for (int i = 0; i < times; i++) {
        void *volatile block = malloc(64 + i);
        free(block);
    }
}

int main(int argc, char **argv)
{
    volatile uint64_t *counter = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, open(argv[argc - 1], O_RDWR), 0);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        pairs(100);
        *counter += 100;
    }
}
