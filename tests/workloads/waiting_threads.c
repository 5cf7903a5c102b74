/* Threads that wait for each other: `abba` (two stand still for good, 3 more threads are idle), `convoy` (11 threads
 * take turns at one lock, slowly), `stuck` (one sleeps and holds what 5 others want), `join` (a thread is waited for),
 * `self` (a thread locks twice), `many` (503 idle threads), `dying` (a thread that ends when it is told to), `hostile`
 * (a thread with an odd name). */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;
static int told[2];

static void *idle(void *name) {
    if (name) prctl(PR_SET_NAME, name);
    for (;;) pause();
    return NULL;
}

static void *forwards(void *unused) {
    prctl(PR_SET_NAME, "forwards");
    pthread_mutex_lock(&first);
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&second); /* line: forwards */
    return unused;
}

static void *backwards(void *unused) {
    prctl(PR_SET_NAME, "backwards");
    pthread_mutex_lock(&second);
    pthread_barrier_wait(&both);
    pthread_mutex_lock(&first); /* line: backwards */
    return unused;
}

static void *turn(void *unused) {
    for (;;) {
        pthread_mutex_lock(&first); /* line: turn */
        usleep(20000);
        pthread_mutex_unlock(&first);
    }
    return unused;
}

static void *holds(void *unused) {
    prctl(PR_SET_NAME, "holder");
    pthread_mutex_lock(&first);
    pthread_barrier_wait(&both);
    sleep(1000); /* line: holds */
    return unused;
}

static void *wants(void *unused) {
    pthread_mutex_lock(&first); /* line: wants */
    return unused;
}

static void *twice(void *unused) {
    prctl(PR_SET_NAME, "twice");
    pthread_mutex_lock(&first);
    pthread_mutex_lock(&first); /* line: twice */
    return unused;
}

static void *dies(void *unused) {
    char word;
    prctl(PR_SET_NAME, "dies");
    if (read(told[0], &word, 1) < 0) return unused; /* line: dies */
    return unused;
}

static pthread_t start(void *(*begin)(void *), void *given, int number) {
    pthread_t thread = 0;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (int i = 0; i < number; i++) pthread_create(&thread, &small, begin, given);
    return thread;
}

int main(int count, char **words) {
    const char *mode = count > 1 ? words[1] : "";
    pthread_t thread = 0;
    if (pipe(told)) return 1;
    pthread_barrier_init(&both, NULL, 2);
    if (!strcmp(mode, "abba")) {
        start(forwards, NULL, 1);
        start(backwards, NULL, 1);
        start(idle, NULL, 3);
    } else if (!strcmp(mode, "convoy")) {
        start(turn, NULL, 11);
    } else if (!strcmp(mode, "stuck")) {
        start(holds, NULL, 1);
        pthread_barrier_wait(&both);
        start(wants, NULL, 5);
    } else if (!strcmp(mode, "join")) {
        thread = start(idle, NULL, 1);
    } else if (!strcmp(mode, "self")) {
        start(twice, NULL, 1);
    } else if (!strcmp(mode, "many")) {
        start(idle, "idle-17", 503);
    } else if (!strcmp(mode, "dying")) {
        thread = start(dies, NULL, 1);
    } else if (!strcmp(mode, "hostile")) {
        start(idle, "a) R `|\n\033[2J", 1);
    }
    usleep(100000);
    printf("ready %d\n", getpid());
    fflush(stdout);
    if (!strcmp(mode, "join")) pthread_join(thread, NULL); /* line: join */
    char line[16];
    while (fgets(line, sizeof line, stdin) && strcmp(line, "stop\n")) {
        if (write(told[1], "x", 1) < 0) return 1;
        pthread_join(thread, NULL);
        puts("gone");
        fflush(stdout);
    }
    return 0;
}
