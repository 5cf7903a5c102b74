/* A program whose code is replaced while it runs: libraries come and go at the same place, again and again, and at last
 * code is copied over the place of one. Arguments: the two libraries (see changing_plugin.c), and "copy".
 * "ready PID", "go", one JSON line of how many calls each made, and whether it was at the same place, "stop". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef long worker(long);

static worker *open_it(const char *path, void **library)
{
    *library = dlopen(path, RTLD_NOW);
    if (!*library)
        exit(3);
    return (worker *)dlsym(*library, "work");
}

int main(int count, char **arguments)
{
    char word[16];
    void *library;
    long calls[2] = {0, 0};
    int same = 1;
    if (count < 3)
        return 2;
    printf("ready %d\n", getpid());
    fflush(stdout);
    if (!fgets(word, sizeof word, stdin) || word[0] != 'g')
        return 0;
    if (count > 3) {
        worker *work = open_it(arguments[2], &library);
        unsigned char code[256];
        memcpy(code, (void *)work, sizeof code);
        dlclose(library);
        work = open_it(arguments[1], &library);
        work(101);
        char *page = (char *)((uintptr_t)work & ~4095UL);
        if (mmap(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
            return 4;
        memcpy((void *)work, code, sizeof code);
        __builtin___clear_cache(page, page + 4096);
        work(103);
        calls[0] = 101, calls[1] = 103;
    } else {
        worker *where = NULL;
        for (int turn = 0; turn < 20; turn++) {
            worker *work = open_it(arguments[1 + turn % 2], &library);
            same &= !where || where == work;
            where = work;
            work(turn % 2 ? 103 : 101);
            calls[turn % 2] += turn % 2 ? 103 : 101;
            dlclose(library);
            usleep(5000);
        }
    }
    printf("{\"first\": %ld, \"second\": %ld, \"same\": %d}\n", calls[0], calls[1], same);
    fflush(stdout);
    while (fgets(word, sizeof word, stdin) && word[0] != 's') {}
    return 0;
}
