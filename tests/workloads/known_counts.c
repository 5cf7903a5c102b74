/* A program whose every system call is known beforehand, in C. Protocol and truth as in known_counts.py:
 * it prints "ready PID", waits for "go", works once, prints one JSON line of truth, waits for "stop".
 * Line numbers come from __LINE__ on the line of the call. Build with:
 *   cc -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -pthread known_counts.c
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOT __attribute__((noinline))
#define AT(where) ((where) = __LINE__)

enum { STAT, MISSING, READ, END, PREAD, WRITE, NAP, SEND, RECV, DEEP, THREAD, FORK_STAT, WAIT, MARKERS };

static struct known {
    const char *marker, *function, *process, *syscalls;
    int line;
    long calls, errors, empty, bytes;
    double seconds;
} known[MARKERS];

static char present[48], absent[64];

HOT static void plain_stat(int times)
{
    struct stat st;
    for (int i = 0; i < times; i++) {
        AT(known[STAT].line), stat(present, &st);
    }
}

HOT static void missing(int times)
{
    for (int i = 0; i < times; i++) {
        AT(known[MISSING].line), access(absent, F_OK);
    }
}

HOT static void one_byte_reads(int fd, int times)
{
    char byte;
    for (int i = 0; i < times; i++) {
        AT(known[READ].line), (void)!read(fd, &byte, 1);
    }
}

HOT static void reads_at_the_end(int fd, int times)
{
    char block[4096];
    for (int i = 0; i < times; i++) {
        AT(known[END].line), (void)!read(fd, block, sizeof block);
    }
}

HOT static void preads(int fd, int times)
{
    char block[7];
    for (int i = 0; i < times; i++) {
        AT(known[PREAD].line), (void)!pread(fd, block, sizeof block, 0);
    }
}

HOT static void writes(int fd, int times)
{
    for (int i = 0; i < times; i++) {
        AT(known[WRITE].line), (void)!write(fd, "abc", 3);
    }
}

HOT static void naps(int times)
{
    struct timespec nap = {0, 2000000};
    for (int i = 0; i < times; i++) {
        AT(known[NAP].line), nanosleep(&nap, NULL);
    }
}

HOT static void talk(int left, int right, int times)
{
    char block[5];
    for (int i = 0; i < times; i++) {
        AT(known[SEND].line), (void)!send(left, "12345", 5, 0);
        AT(known[RECV].line), (void)!recv(right, block, sizeof block, 0);
    }
}

HOT static int deep(int levels)
{
    if (levels)
        return deep(levels - 1) + 1;
    AT(known[DEEP].line), getppid();
    return 0;
}

static void *in_thread(void *times)
{
    struct stat st;
    for (intptr_t i = 0; i < (intptr_t)times; i++) {
        AT(known[THREAD].line), stat(present, &st);
    }
    return NULL;
}

HOT static void in_fork(int times)
{
    struct stat st;
    for (int i = 0; AT(known[FORK_STAT].line) && i < times; i++) { stat(present, &st); }
}

HOT static void fork_and_wait(int times)
{
    in_fork(0); /* notes the line here too: what the child notes stays in the child */
    pid_t child = fork();
    if (child == 0) {
        in_fork(times);
        _exit(0);
    }
    AT(known[WAIT].line), waitpid(child, NULL, 0);
}

static void note(int which, const char *marker, const char *function, const char *process, const char *syscalls,
                 long calls, long errors, long empty, long bytes, double seconds)
{
    struct known *k = &known[which];
    k->marker = marker, k->function = function, k->process = process, k->syscalls = syscalls;
    k->calls = calls, k->errors = errors, k->empty = empty, k->bytes = bytes, k->seconds = seconds;
}

#define STATS "\"newfstatat\", \"stat\", \"statx\", \"fstatat64\", \"stat64\""

static void work(void)
{
    plain_stat(101);
    note(STAT, "stat", "plain_stat", "self", STATS, 101, 0, 0, 0, 0);
    missing(103);
    note(MISSING, "missing", "missing", "self", "\"access\", \"faccessat\", \"faccessat2\"", 103, 103, 0, 0, 0);

    int fd = open(present, O_RDWR);
    one_byte_reads(fd, 107);
    note(READ, "read", "one_byte_reads", "self", "\"read\"", 107, 0, 0, 107, 0);
    lseek(fd, 0, SEEK_END);
    reads_at_the_end(fd, 109);
    note(END, "end", "reads_at_the_end", "self", "\"read\"", 109, 0, 109, 0, 0);
    preads(fd, 113);
    note(PREAD, "pread", "preads", "self", "\"pread64\", \"pread\"", 113, 0, 0, 113 * 7, 0);
    writes(fd, 127);
    note(WRITE, "write", "writes", "self", "\"write\"", 127, 0, 0, 127 * 3, 0);
    close(fd);

    naps(23);
    note(NAP, "sleep", "naps", "self", "\"clock_nanosleep\", \"nanosleep\"", 23, 0, 0, 0, 23 * 0.002);

    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        exit(1);
    talk(pair[0], pair[1], 131);
    note(SEND, "send", "talk", "self", "\"sendto\", \"send\"", 131, 0, 0, 131 * 5, 0);
    note(RECV, "recv", "talk", "self", "\"recvfrom\", \"recv\"", 131, 0, 0, 131 * 5, 0);

    for (int i = 0; i < 137; i++)
        deep(30);
    note(DEEP, "deep", "deep", "self", "\"getppid\"", 137, 0, 0, 0, 0);

    pthread_t threads[3];
    intptr_t each[3] = {53, 59, 67};
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, in_thread, (void *)each[i]);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    note(THREAD, "thread", "in_thread", "self", STATS, 53 + 59 + 67, 0, 0, 0, 0);

    fork_and_wait(167);
    note(FORK_STAT, "fork-stat", "in_fork", "fork", STATS, 167, 0, 0, 0, 0);
    note(WAIT, "wait", "fork_and_wait", "self", "\"wait4\", \"waitpid\", \"waitid\"", 1, 0, 0, 0, 0);
}

static void tell(void)
{
    printf("{\"line\": {");
    for (int i = 0; i < MARKERS; i++) {
        struct known *k = &known[i];
        printf("%s\"%d\": {\"marker\": \"%s\", \"function\": \"%s\", \"process\": \"%s\", \"syscalls\": [%s], \"calls\": %ld, "
               "\"errors\": %ld, \"empty\": %ld, \"bytes\": %ld, \"seconds\": %.3f}",
               i ? ", " : "", k->line, k->marker, k->function, k->process, k->syscalls, k->calls, k->errors, k->empty,
               k->bytes, k->seconds);
    }
    printf("}}\n");
    fflush(stdout);
}

int main(void)
{
    char word[64];
    snprintf(present, sizeof present, "/tmp/known-counts-%d", getpid());
    snprintf(absent, sizeof absent, "%s-absent", present);
    int fd = open(present, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    memset(word, '.', sizeof word);
    for (int i = 0; i < 4; i++)
        (void)!write(fd, word, sizeof word);
    close(fd);

    printf("ready %d\n", getpid());
    fflush(stdout);
    if (fgets(word, sizeof word, stdin) && !strncmp(word, "go", 2)) {
        work();
        tell();
        while (fgets(word, sizeof word, stdin) && strncmp(word, "stop", 4))
            ;
    }
    unlink(present);
    return 0;
}
