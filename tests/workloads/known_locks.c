/* Locks with known waits. It says "ready PID", works once at "go", tells what it did, and sleeps until it is stopped.
 *
 * Each wait surely happens: the holder takes the lock, lets the waiter go for it, sees in /proc that it sleeps there,
 * stays a little, and only then lets go. Counts are primes. Lines of interest carry a marker. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOW = 41, QUICK = 23, WRITES = 13, READS = 11, JOBS = 37, PRIORITY = 7, FILES = 5, SEMAPHORES = 3 };

pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t index_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
pthread_mutex_t urgent_lock;
sem_t slots;
static pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_filled = PTHREAD_COND_INITIALIZER;
static int jobs, closed;

static volatile int waiter_tid, turn;

static int sleeps(int tid) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", tid);
    FILE *file = fopen(path, "r");
    if (!file) return 1;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    char *state = strrchr(text, ')');
    return state && state[2] == 'S';
}

/* Let the waiter go for the lock; return when it stands still there. */
static void let_it_wait(int n) {
    turn = n;
    usleep(300);
    for (int seen = 0; seen < 3;) {
        seen = sleeps(waiter_tid) ? seen + 1 : 0;
        usleep(200);
    }
}

static void wait_for_turn(int n) {
    while (turn < n) sched_yield();
}

static pthread_barrier_t both;

/* One lock: `hold` has it n times for a while, `want` waits for it n times. */
#define PAIR(name, count, take_first, release_first, take_second, release_second)                                     \
    static void *want_##name(void *unused) {                                                                          \
        waiter_tid = syscall(SYS_gettid);                                                                             \
        pthread_barrier_wait(&both);                                                                                  \
        for (int i = 1; i <= count; i++) {                                                                            \
            wait_for_turn(i);                                                                                         \
            take_second;                                                                                              \
            release_second;                                                                                           \
            turn = -i;                                                                                                \
        }                                                                                                             \
        return unused;                                                                                                \
    }                                                                                                                 \
    static void hold_##name(void) {                                                                                   \
        pthread_t thread;                                                                                             \
        turn = 0;                                                                                                     \
        pthread_create(&thread, 0, want_##name, 0);                                                                   \
        pthread_barrier_wait(&both);                                                                                  \
        for (int i = 1; i <= count; i++) {                                                                            \
            take_first;                                                                                               \
            let_it_wait(i);                                                                                           \
            usleep(2000);                                                                                             \
            release_first;                                                                                            \
            while (turn != -i) sched_yield();                                                                         \
        }                                                                                                             \
        pthread_join(thread, 0);                                                                                      \
    }

static __attribute__((noinline)) void take_ledger(void) { pthread_mutex_lock(&ledger_lock); }
static __attribute__((noinline)) void leave_ledger(void) { pthread_mutex_unlock(&ledger_lock); }

PAIR(ledger, SLOW, pthread_mutex_lock(&ledger_lock), leave_ledger(), take_ledger(), leave_ledger())
PAIR(index, QUICK, pthread_mutex_lock(&index_lock), pthread_mutex_unlock(&index_lock), pthread_mutex_lock(&index_lock),
     pthread_mutex_unlock(&index_lock))
PAIR(write, WRITES, pthread_rwlock_rdlock(&table_lock), pthread_rwlock_unlock(&table_lock),
     pthread_rwlock_wrlock(&table_lock), pthread_rwlock_unlock(&table_lock))
PAIR(read, READS, pthread_rwlock_wrlock(&table_lock), pthread_rwlock_unlock(&table_lock),
     pthread_rwlock_rdlock(&table_lock), pthread_rwlock_unlock(&table_lock))
PAIR(urgent, PRIORITY, pthread_mutex_lock(&urgent_lock), pthread_mutex_unlock(&urgent_lock),
     pthread_mutex_lock(&urgent_lock), pthread_mutex_unlock(&urgent_lock))
PAIR(slots, SEMAPHORES, sem_wait(&slots), sem_post(&slots), sem_wait(&slots), sem_post(&slots))

/* A healthy queue: the consumer waits for work, and nobody for a lock. */
static __attribute__((noinline)) void *consume(void *done) {
    waiter_tid = syscall(SYS_gettid);
    pthread_mutex_lock(&queue_mutex);
    for (;;) {
        while (!jobs && !closed) pthread_cond_wait(&queue_filled, &queue_mutex);
        if (!jobs && closed) break;
        jobs--;
        ++*(int *)done;
    }
    pthread_mutex_unlock(&queue_mutex);
    return done;
}

static __attribute__((noinline)) void produce(void) {
    pthread_t thread;
    int done = 0;
    waiter_tid = 0;
    pthread_create(&thread, 0, consume, &done);
    while (!waiter_tid) sched_yield();
    for (int i = 0; i < JOBS; i++) {
        let_it_wait(1);
        pthread_mutex_lock(&queue_mutex);
        jobs++;
        pthread_mutex_unlock(&queue_mutex);
        pthread_cond_signal(&queue_filled);
    }
    let_it_wait(1);
    pthread_mutex_lock(&queue_mutex);
    closed = 1;
    pthread_mutex_unlock(&queue_mutex);
    pthread_cond_signal(&queue_filled);
    pthread_join(thread, 0);
}

/* Two processes and one file. */
static __attribute__((noinline)) void want_file(const char *path, int from, int to) {
    int file = open(path, O_RDWR);
    char byte;
    for (int i = 0; i < FILES; i++) {
        if (read(from, &byte, 1) != 1) _exit(1);
        flock(file, LOCK_EX);
        flock(file, LOCK_UN);
        if (write(to, &byte, 1) != 1) _exit(1);
    }
    _exit(0);
}

static __attribute__((noinline)) void hold_file(void) {
    int there[2], back[2], file = open("shared.lock", O_RDWR | O_CREAT, 0600);
    char byte = 1;
    if (pipe(there) || pipe(back)) exit(1);
    int child = fork();
    if (!child) want_file("shared.lock", there[0], back[1]);
    waiter_tid = child;
    usleep(150000); /* from then on its calls are its own, not its parent's */
    for (int i = 0; i < FILES; i++) {
        flock(file, LOCK_EX);
        if (write(there[1], &byte, 1) != 1) exit(1);
        usleep(20000);
        let_it_wait(1);
        flock(file, LOCK_UN);
        if (read(back[0], &byte, 1) != 1) exit(1);
    }
    waitpid(child, 0, 0);
}

static void work(void) {
    hold_ledger();
    hold_index();
    hold_write();
    hold_read();
    hold_urgent();
    hold_slots();
    produce();
    hold_file();
}

static void tell(const char *before, const char *name, int waits, void *address) {
    printf("%s\"%s\": [%d, %lu]", before, name, waits, (unsigned long)address);
}

int main(void) {
    char line[64];
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&urgent_lock, &attributes);
    sem_init(&slots, 0, 1);
    pthread_barrier_init(&both, 0, 2);
    printf("ready %d\n", getpid());
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin) || strncmp(line, "go", 2)) return 0;
    work();
    tell("{", "ledger_lock", SLOW, &ledger_lock);
    tell(", ", "index_lock", QUICK, &index_lock);
    tell(", ", "table_lock", WRITES + READS, &table_lock);
    tell(", ", "urgent_lock", PRIORITY, &urgent_lock);
    tell(", ", "slots", SEMAPHORES, &slots);
    tell(", ", "queue_filled", JOBS + 1, &queue_filled);
    tell(", ", "shared.lock", FILES, 0);
    printf("}\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {}
    return 0;
}
