// expect: healthy bench
// Simulates the water in the soil of a valley: rain falls, some runs off, the rest seeps and spreads; two threads share
// the rows, and the state is written to a map now and then.
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SIDE 384
#define THREADS 2
#define STEPS_PER_DAY 24
#define MAP_EVERY 40

typedef struct {
    float *now, *next, *height;
    float rain;
} Valley;

static Valley valley;
static pthread_barrier_t turn;
static atomic_ulong days;

static float *field(void)
{
    float *made = aligned_alloc(64, SIDE * SIDE * sizeof *made);
    if (!made) {
        fputs("no memory for the valley\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < SIDE * SIDE; i++)
        made[i] = 0;
    return made;
}

static void shape(float *height)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float across = (float)(x - SIDE / 2) / SIDE;
            height[y * SIDE + x] = 90 * across * across + 4 * sinf((float)y / 30) + 2 * cosf((float)x / 9);
        }
}

/* Water goes from each place to its four neighbours, more of it downhill. */
static void seep(int from, int to)
{
    const float *restrict now = valley.now, *restrict height = valley.height;
    float *restrict next = valley.next;
    for (int y = from; y < to; y++)
        for (int x = 1; x < SIDE - 1; x++) {
            const int at = y * SIDE + x;
            const float here = now[at] + height[at] * 0.01f;
            float flow = now[at - 1] + now[at + 1] + now[at - SIDE] + now[at + SIDE];
            flow += 0.01f * (height[at - 1] + height[at + 1] + height[at - SIDE] + height[at + SIDE]) - 4 * here;
            float water = now[at] + 0.12f * flow + valley.rain;
            water *= 0.996f; /* the sun */
            next[at] = water < 0 ? 0 : water > 40 ? 40 : water;
        }
}

static void *work(void *number)
{
    const int part = (int)(size_t)number, rows = SIDE - 2;
    const int from = 1 + part * rows / THREADS, to = 1 + (part + 1) * rows / THREADS;
    for (unsigned long step = 0;; step++) {
        seep(from, to);
        if (pthread_barrier_wait(&turn) == PTHREAD_BARRIER_SERIAL_THREAD) {
            float *swap = valley.now;
            valley.now = valley.next;
            valley.next = swap;
            valley.rain = step / STEPS_PER_DAY % 5 == 0 ? 0.08f : 0.0f;
            if (step % STEPS_PER_DAY == 0)
                atomic_fetch_add(&days, 1);
        }
        pthread_barrier_wait(&turn);
    }
    return NULL;
}

/* A grey map of each second place. */
static int draw(const char *path)
{
    static unsigned char row[SIDE / 2];
    FILE *file = fopen(path, "wb");
    if (!file)
        return -1;
    fprintf(file, "P5\n%d %d\n255\n", SIDE / 2, SIDE / 2);
    for (int y = 0; y < SIDE; y += 2) {
        for (int x = 0; x < SIDE; x += 2)
            row[x / 2] = (unsigned char)(valley.now[y * SIDE + x] * 6);
        fwrite(row, 1, sizeof row, file);
    }
    return fclose(file);
}

int main(void)
{
    valley = (Valley){field(), field(), field(), 0.05f};
    shape(valley.height);
    pthread_barrier_init(&turn, NULL, THREADS);
    FILE *log = fopen("valley.log", "w");
    if (!log)
        return 1;
    for (size_t n = 0; n < THREADS; n++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, (void *)n))
            return 1;
        pthread_detach(thread);
    }
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (unsigned second = 1;; second++) {
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        fprintf(log, "%u s, day %lu\n", second, atomic_load(&days));
        fflush(log);
        if (second % MAP_EVERY == 0 && draw("valley.pgm"))
            perror("valley.pgm");
    }
}
