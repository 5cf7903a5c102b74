/* expect: healthy bench */
/*
 * Records what meters say, to a file of fixed size that is written round and round: one thread takes samples in, another
 * writes full blocks of half a megabyte, and makes every eighth of them safe.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define METERS 500
#define BLOCK (512 << 10)
#define SAMPLES (BLOCK / sizeof(struct sample))
#define BLOCKS 4
#define LARGEST (64l << 20)
#define TICK 20 /* milliseconds */

struct sample {
    uint64_t time;
    uint32_t meter;
    int32_t watts;
};

struct ring {
    struct sample blocks[BLOCKS][SAMPLES];
    int full, first;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    long written, synced;
};

static struct ring ring = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *write_blocks(void *path)
{
    int file = open(path, O_WRONLY | O_CREAT, 0666);
    off_t at = 0;
    for (;;) {
        pthread_mutex_lock(&ring.lock);
        while (ring.full == 0)
            pthread_cond_wait(&ring.changed, &ring.lock);
        struct sample *block = ring.blocks[ring.first];
        pthread_mutex_unlock(&ring.lock);
        if (pwrite(file, block, BLOCK, at) != BLOCK) {
            perror("a block was not written");
            exit(1);
        }
        at = (at + BLOCK) % LARGEST;
        int safe = at / BLOCK % 8 == 0 && fdatasync(file) == 0;
        pthread_mutex_lock(&ring.lock);
        ring.first = (ring.first + 1) % BLOCKS;
        ring.full--;
        ring.written++;
        ring.synced += safe;
        pthread_cond_signal(&ring.changed);
        pthread_mutex_unlock(&ring.lock);
    }
    return NULL;
}

/* A block that nobody writes at the moment. */
static struct sample *free_block(void)
{
    pthread_mutex_lock(&ring.lock);
    while (ring.full == BLOCKS - 1)
        pthread_cond_wait(&ring.changed, &ring.lock);
    struct sample *block = ring.blocks[(ring.first + ring.full) % BLOCKS];
    pthread_mutex_unlock(&ring.lock);
    return block;
}

static void hand_over(void)
{
    pthread_mutex_lock(&ring.lock);
    ring.full++;
    pthread_cond_signal(&ring.changed);
    pthread_mutex_unlock(&ring.lock);
}

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What a meter says: smoothed, as it shakes. */
static int32_t measured(unsigned meter, uint64_t tick, double *state)
{
    double said = 400 + meter % 90 + (double)((tick * 7919 + meter * 31) % 61) - 30;
    state[meter] += 0.1 * (said - state[meter]);
    return (int32_t)(state[meter] * 100);
}

int main(void)
{
    static double state[METERS];
    pthread_t writer;
    pthread_create(&writer, NULL, write_blocks, "samples.bin");
    FILE *log = fopen("recorder.log", "w");
    uint64_t began = milliseconds(), told = began;
    struct sample *block = free_block();
    size_t used = 0;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (uint64_t tick = 0;; tick++) {
        for (unsigned turn = 0; turn < METERS * 10; turn++) {
            block[used] = (struct sample){tick, turn % METERS, measured(turn % METERS, tick * 10 + turn / METERS, state)};
            if (++used == SAMPLES) {
                hand_over();
                block = free_block();
                used = 0;
            }
        }
        next.tv_nsec += TICK * 1000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        uint64_t now = milliseconds();
        if (now - told > 1000) {
            told = now;
            pthread_mutex_lock(&ring.lock);
            long written = ring.written, synced = ring.synced;
            pthread_mutex_unlock(&ring.lock);
            fprintf(log, "%lu %lu samples, %ld blocks, %ld times made safe\n", (unsigned long)(now - began),
                    (unsigned long)(tick + 1) * METERS * 10, written, synced);
            fflush(log);
        }
    }
}
