/* Memory of every kind, in primes of pages, and a malloc whose holes are counted. Says "ready PID", then on "tell" one
 * line of JSON: addresses, and what malloc knows of itself (mallinfo2). On "grow" 23 pages are touched for every 10 ms,
 * until "halt": then it says how many bytes in how many seconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCKS = 499, THREADS = 3, THREAD_BLOCKS = 101, MAPPED = 7 };

static void *blocks[BLOCKS];
static pthread_barrier_t done;
static volatile int growing;
static volatile long grown_pages;
static volatile double grown_seconds;

static char *touched(char *at, int pages) {
    for (int i = 0; i < pages; i++) at[i * PAGE] = (char)(i | 1);
    return at;
}

static char *file(const char *name, int pages, int flags) {
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, pages * PAGE)) exit(1);
    char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    close(fd);
    return at;
}

static void *allocates(void *unused) {
    void *own[THREAD_BLOCKS];
    for (int i = 0; i < THREAD_BLOCKS; i++) own[i] = malloc(3000);
    for (int i = 1; i < THREAD_BLOCKS; i += 2) free(own[i]);
    pthread_barrier_wait(&done);
    for (;;) pause();
    return unused;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void *grows(void *unused) {
    for (;;) {
        while (!growing) usleep(1000);
        double began = now();
        long pages = 0;
        char *at = mmap(NULL, 1L << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        while (growing) { /* by the clock: what a busy machine held up is made good */
            long due = (long)((now() - began) * 100) * 23;
            touched(at + pages * PAGE, due - pages);
            pages = due;
            usleep(10000);
        }
        grown_pages = pages;
        grown_seconds = now() - began;
    }
    return unused;
}

int main(void) {
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    int memfd = memfd_create("prime memory", 0);
    if (ftruncate(memfd, 401 * PAGE)) return 1;
    char *shared = touched(mmap(NULL, 401 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0), 401);
    int ready[2];
    if (pipe(ready)) return 1;
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        touched(shared, 401);
        if (write(ready[1], "x", 1) != 1) return 1;
        for (;;) pause();
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) return 1;

    char *anonymous = mmap(NULL, 2003 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(anonymous, 2003 * PAGE, MADV_NOHUGEPAGE);
    touched(anonymous, 1009);
    char *locked = mmap(NULL, 13 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(locked, 13 * PAGE, MADV_DONTDUMP); /* so that it does not flow together with its neighbours */
    mlock(touched(locked, 13), 13 * PAGE);
    touched(file("private.bin", 211, MAP_PRIVATE), 97);
    touched(file("shared.bin", 307, MAP_SHARED), 101);
    int segment = shmget(IPC_PRIVATE, 53 * PAGE, IPC_CREAT | 0600);
    touched(shmat(segment, NULL, 0), 53);
    shmctl(segment, IPC_RMID, NULL);
    touched(mmap(NULL, 61 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 61);
    char *jit = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touched(jit, 5);

    for (int i = 0; i < BLOCKS; i++) blocks[i] = malloc(2000);
    for (int i = 0; i < MAPPED; i++) touched(malloc(1 << 20), 1);
    pthread_t thread;
    pthread_barrier_init(&done, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) pthread_create(&thread, NULL, allocates, NULL);
    pthread_barrier_wait(&done);
    pthread_create(&thread, NULL, grows, NULL);
    for (int i = 1; i < BLOCKS; i += 2) free(blocks[i]);
    printf("ready %d\n", getpid());
    char word[64];
    while (fgets(word, sizeof word, stdin)) {
        if (!strncmp(word, "tell", 4)) {
            struct mallinfo2 m = mallinfo2();
            printf("{\"anonymous\": %lu, \"arena\": %zu, \"used\": %zu, \"free\": %zu, \"fast\": %zu, \"top\": %zu, "
                   "\"mapped\": %zu, \"mapped_bytes\": %zu}\n",
                   (unsigned long)anonymous, m.arena, m.uordblks, m.fordblks, m.fsmblks, m.keepcost, m.hblks, m.hblkhd);
        } else if (!strncmp(word, "grow", 4)) {
            grown_seconds = 0;
            growing = 1;
        } else if (!strncmp(word, "halt", 4)) {
            growing = 0;
            while (grown_seconds == 0) usleep(1000);
            printf("{\"bytes\": %ld, \"seconds\": %f}\n", grown_pages * PAGE, grown_seconds);
        } else {
            return 0;
        }
    }
    return 0;
}
