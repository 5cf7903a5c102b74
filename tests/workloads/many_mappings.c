/* 10,007 mappings of one page, and a little anonymous memory. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
    enum { PAGE = 4096, MANY = 10007 };
    char *at = mmap(NULL, (long)MANY * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < MANY; i++) {
        at[(long)i * PAGE] = 1;
        if (i % 2) mprotect(at + (long)i * PAGE, PAGE, PROT_READ);
    }
    printf("ready %d\n", getpid());
    fflush(stdout);
    getchar();
    return 0;
}
