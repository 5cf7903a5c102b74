/* expect: pattern=busy-wait bench */
/*
 * The mixing desk of a radio station: takes blocks of sound from the studios as they come, mixes them with faders and a
 * limiter, and keeps the last minute of the programme in a file.
 * Measured: 99 % of a core for 100 blocks a second, 1.2 % in the twin.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STUDIOS 3
#define FRAMES 480 /* 10 ms at 48 kHz */
#define SLOTS 16
#define KEPT 6000 /* blocks in the file */

struct block {
    float left[FRAMES], right[FRAMES];
};

/* From one studio to the desk: one writes, one reads. */
struct line {
    struct block slots[SLOTS];
    atomic_uint written, taken;
    double tone;
    int number;
};

struct desk {
    struct line lines[STUDIOS];
    float faders[STUDIOS], targets[STUDIOS];
    float gain, peak;
    struct block mix;
    int16_t out[2 * FRAMES];
    atomic_ulong mixed, late;
    int file;
};

static void after(struct timespec *when, long nanoseconds)
{
    when->tv_nsec += nanoseconds;
    if (when->tv_nsec >= 1000000000) {
        when->tv_nsec -= 1000000000;
        when->tv_sec++;
    }
}

static void speak(struct line *line, struct block *into)
{
    double step = 2 * M_PI * (110 + 35 * line->number) / 48000;
    for (int i = 0; i < FRAMES; i++) {
        line->tone += step;
        into->left[i] = 0.4f * (float)sin(line->tone);
        into->right[i] = 0.4f * (float)sin(line->tone * 1.01);
    }
    if (line->tone > 1e6)
        line->tone = 0;
}

/* A studio sends a block each 10 ms. */
static void *studio(void *given)
{
    struct line *line = given;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        unsigned at = atomic_load(&line->written);
        if (at - atomic_load(&line->taken) < SLOTS) {
            speak(line, &line->slots[at % SLOTS]);
            atomic_store(&line->written, at + 1);
        }
        after(&due, 10000000);
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
            ;
    }
    return NULL;
}

/* The next block of a studio, once it is there. */
static const struct block *await(struct line *line)
{
    unsigned at = atomic_load(&line->taken);
    while (atomic_load(&line->written) == at) /* <- cost */
        ;                                     /* <- cost */
    return &line->slots[at % SLOTS];
}

static void add(struct desk *desk, int number, const struct block *from)
{
    float fader = desk->faders[number], step = (desk->targets[number] - fader) / FRAMES;
    for (int i = 0; i < FRAMES; i++) {
        fader += step;
        desk->mix.left[i] += fader * from->left[i];
        desk->mix.right[i] += fader * from->right[i];
    }
    desk->faders[number] = fader;
}

static void limit(struct desk *desk)
{
    for (int i = 0; i < FRAMES; i++) {
        float loud = fmaxf(fabsf(desk->mix.left[i]), fabsf(desk->mix.right[i]));
        desk->peak = fmaxf(loud, desk->peak * 0.9995f);
        float wanted = desk->peak > 0.9f ? 0.9f / desk->peak : 1;
        desk->gain += 0.01f * (wanted - desk->gain);
        desk->out[2 * i] = (int16_t)(32000 * desk->gain * desk->mix.left[i]);
        desk->out[2 * i + 1] = (int16_t)(32000 * desk->gain * desk->mix.right[i]);
    }
}

static void *mix(void *given)
{
    struct desk *desk = given;
    for (unsigned long block = 0;; block++) {
        memset(&desk->mix, 0, sizeof desk->mix);
        for (int number = 0; number < STUDIOS; number++) {
            struct line *line = &desk->lines[number];
            add(desk, number, await(line)); /* <- cost */
            atomic_fetch_add(&line->taken, 1);
            desk->targets[number] = (block / 500 + number) % STUDIOS ? 0.2f : 1; /* another one speaks */
        }
        limit(desk);
        off_t place = (off_t)(block % KEPT) * (off_t)sizeof desk->out;
        if (pwrite(desk->file, desk->out, sizeof desk->out, place) != sizeof desk->out)
            atomic_fetch_add(&desk->late, 1);
        atomic_fetch_add(&desk->mixed, 1);
    }
    return NULL;
}

int main(void)
{
    static struct desk desk = {.gain = 1};
    desk.file = open("programme.raw", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    FILE *log = fopen("desk.log", "w");
    if (desk.file < 0 || !log)
        return 1;
    pthread_t thread;
    for (int number = 0; number < STUDIOS; number++) {
        desk.lines[number].number = number;
        if (pthread_create(&thread, NULL, studio, &desk.lines[number]))
            return 1;
    }
    if (pthread_create(&thread, NULL, mix, &desk))
        return 1;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (int second = 1;; second++) {
        sleep(1);
        unsigned long mixed = atomic_load(&desk.mixed), late = atomic_load(&desk.late);
        fprintf(log, "%d: %lu blocks, %lu lost, %.2f s of a core\n", second, mixed, late, clock() / 1e6);
        fflush(log);
    }
}
