/* A program whose every allocation is known beforehand. It prints "ready PID", waits for "go", works once, prints one JSON
 * line of truth, waits for "stop". Line numbers come from __LINE__ on the line of the call. All numbers are primes or
 * products of them. It uses no other function that allocates between "go" and its truth.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOT __attribute__((noinline))
#define AT(where) ((where) = __LINE__)

enum { KEPT, FREED, HALF, CALLOC, GROWN, ALIGNED, POSIX, HANDED, THREAD, ARRAY, FORKED, MARKERS };

static struct known {
    const char *function;
    int line;
    long calls, bytes, frees, freed_bytes;
} known[MARKERS];

static void *volatile kept[1 << 16];
static int keeps;

static void *keep(void *block)
{
    return kept[keeps++] = block;
}

HOT static void keep_all(int times)
{
    known[KEPT].function = __func__;
    for (int i = 0; i < times; i++) {
        AT(known[KEPT].line), keep(malloc(1009));
    }
}

HOT static void free_all(int times)
{
    known[FREED].function = __func__;
    for (int i = 0; i < times; i++) {
        void *volatile block;
        AT(known[FREED].line), block = malloc(509);
        free(block);
    }
}

HOT static void free_half(int times)
{
    known[HALF].function = __func__;
    for (int i = 0; i < times; i++) {
        void *volatile block;
        AT(known[HALF].line), block = malloc(257);
        if (i % 2) free(block);
        else keep(block);
    }
}

HOT static void keep_zeroed(int times)
{
    known[CALLOC].function = __func__;
    for (int i = 0; i < times; i++) {
        AT(known[CALLOC].line), keep(calloc(7, 13));
    }
}

/* A block that grows from 17 bytes to 17 * steps: the last is kept. The first call has no old block. */
HOT static void grow(int steps)
{
    known[GROWN].function = __func__;
    void *volatile block = NULL;
    for (int i = 1; i <= steps; i++) {
        AT(known[GROWN].line), block = realloc(block, 17 * i);
    }
    keep(block);
}

HOT static void keep_array(int times)
{
    known[ARRAY].function = __func__;
    for (int i = 0; i < times; i++) {
        AT(known[ARRAY].line), keep(reallocarray(NULL, 19, 3));
    }
}

HOT static void keep_aligned(int times)
{
    known[ALIGNED].function = __func__;
    for (int i = 0; i < times; i++) {
        AT(known[ALIGNED].line), keep(aligned_alloc(64, 64 * 5));
    }
}

HOT static void keep_posix(int times)
{
    known[POSIX].function = __func__;
    for (int i = 0; i < times; i++) {
        void *block;
        AT(known[POSIX].line), (void)!posix_memalign(&block, 128, 211);
        keep(block);
    }
}

HOT static void *hand_over(int times)
{
    void **blocks = kept[0]; /* 1009 bytes: room for 126 */
    known[HANDED].function = __func__;
    for (int i = 0; i < times; i++) {
        AT(known[HANDED].line), blocks[i] = malloc(727);
    }
    return blocks;
}

static void *free_for_others(void *times)
{
    void **blocks = kept[0];
    for (long i = 0; i < (long)times; i++)
        free(blocks[i]);
    return NULL;
}

HOT static void *work_in_thread(void *times)
{
    known[THREAD].function = __func__;
    void *volatile mine;
    for (long i = 0; i < (long)times; i++) {
        AT(known[THREAD].line), mine = malloc(331);
        free(mine);
    }
    return NULL;
}

/* The child lives before its work until it is surely looked at. */
HOT static void work_in_child(int times)
{
    known[FORKED].function = __func__;
    known[FORKED].line = __LINE__ + 4;
    if (fork() == 0) {
        usleep(400000);
        for (int i = 0; i < times; i++) {
            keep(malloc(67));
        }
        usleep(300000);
        _exit(0);
    }
    wait(NULL);
}

static void is(int marker, long calls, long bytes, long frees, long freed_bytes)
{
    known[marker].calls = calls;
    known[marker].bytes = bytes;
    known[marker].frees = frees;
    known[marker].freed_bytes = freed_bytes;
}

static void wait_for(const char *word)
{
    char line[16];
    for (;;) {
        ssize_t n = read(0, line, sizeof line - 1);
        if (n <= 0) _exit(1);
        line[n] = 0;
        if (strncmp(line, word, strlen(word)) == 0 || strncmp(line, "stop", 4) == 0) return;
    }
}

int main(int argc, char **argv)
{
    static char buffer[1 << 14];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    void *volatile before = malloc(97);
    printf("ready %d\n", getpid());
    fflush(stdout);
    wait_for("go");

    keep_all(1511), is(KEPT, 1511, 1511 * 1009, 0, 0);
    free_all(3001), is(FREED, 3001, 3001 * 509, 3001, 3001 * 509);
    free_half(1009), is(HALF, 1009, 1009 * 257, 504, 504 * 257);
    keep_zeroed(503), is(CALLOC, 503, 503 * 91, 0, 0);
    int steps = 101;
    long grown = 17L * steps * (steps + 1) / 2;
    grow(steps), is(GROWN, steps, grown, steps - 1, grown - 17 * steps);
    keep_array(53), is(ARRAY, 53, 53 * 57, 0, 0);
    keep_aligned(41), is(ALIGNED, 41, 41 * 320, 0, 0);
    keep_posix(43), is(POSIX, 43, 43 * 211, 0, 0);
    pthread_t thread;
    hand_over(113), is(HANDED, 113, 113 * 727, 113, 113 * 727);
    pthread_create(&thread, NULL, free_for_others, (void *)113L);
    pthread_join(thread, NULL);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, work_in_thread, (void *)701L);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    is(THREAD, 3 * 701, 3 * 701 * 331, 3 * 701, 3 * 701 * 331);
    free(before); /* of before the window: nobody knows it */
    if (argc > 1 && strcmp(argv[1], "--fork") == 0) work_in_child(59), is(FORKED, 59, 59 * 67, 0, 0);

    printf("{");
    for (int i = 0, n = 0; i < MARKERS; i++)
        if (known[i].calls)
            printf("%s\"%d\": {\"function\": \"%s\", \"calls\": %ld, \"bytes\": %ld, \"frees\": %ld, \"freed_bytes\": %ld}",
                   n++ ? ", " : "", known[i].line, known[i].function, known[i].calls, known[i].bytes, known[i].frees,
                   known[i].freed_bytes);
    printf("}\n");
    fflush(stdout);
    wait_for("stop");
    _exit(0);
}
