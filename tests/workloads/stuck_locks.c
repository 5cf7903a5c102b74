/* Threads that wait for ever: one for a mutex that main has, two for each other's (a deadlock), and one that waits for
 * work on a condition. Says "ready PID" when they all sleep, then prints their thread ids: patient, left, right, idle. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER, right_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t job_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t job_there = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t crossing;
static int ids[4];

static void *patient(void *unused) {
    ids[0] = syscall(SYS_gettid);
    pthread_mutex_lock(&gate);
    return unused;
}

static void *go_left(void *unused) {
    ids[1] = syscall(SYS_gettid);
    pthread_mutex_lock(&left_lock);
    pthread_barrier_wait(&crossing);
    pthread_mutex_lock(&right_lock);
    return unused;
}

static void *go_right(void *unused) {
    ids[2] = syscall(SYS_gettid);
    pthread_mutex_lock(&right_lock);
    pthread_barrier_wait(&crossing);
    pthread_mutex_lock(&left_lock);
    return unused;
}

static void *idle(void *unused) {
    ids[3] = syscall(SYS_gettid);
    pthread_mutex_lock(&job_mutex);
    pthread_cond_wait(&job_there, &job_mutex);
    return unused;
}

int main(void) {
    void *(*all[])(void *) = {patient, go_left, go_right, idle};
    pthread_t thread;
    char line[64];
    pthread_barrier_init(&crossing, 0, 2);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 4; i++) pthread_create(&thread, 0, all[i], 0);
    usleep(300000);
    printf("ready %d\n%d %d %d %d\n", getpid(), ids[0], ids[1], ids[2], ids[3]);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {}
    return 0;
}
