// expect: healthy bench
// The control loop of a telescope's deformable mirror: a camera sees the light of a guide star through a lenslet array;
// from each picture come the slopes of the wave front, from these the commands of the actuators, which are smoothed and
// limited. The stages of a picture are split over both cores.
//
// Measured: 2400 threads a second are wanted (by its code); 279 us of CPU time a picture here, 152 us in its twin, whose helper stays (with the same
// 400 pictures a second wanted).
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LENSES = 16, SPOT = 6, SIDE = LENSES * SPOT, SLOPES = 2 * LENSES * LENSES, ACTUATORS = 97, CORES = 2 };
#define RATE_HZ 400

typedef void stage_fn(void *context, int from, int to);

struct slice {
    stage_fn *stage;
    void *context;
    int from, to;
};

/* One helper for each further core; it starts with the program and waits between the stages. */
struct helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slice slice;
    int busy;
};

static struct helper helpers[CORES - 1];
static void *help(void *given)
{
    struct helper *helper = given;
    pthread_mutex_lock(&helper->lock);
    for (;;) {
        while (!helper->busy)
            pthread_cond_wait(&helper->changed, &helper->lock);
        pthread_mutex_unlock(&helper->lock);
        helper->slice.stage(helper->slice.context, helper->slice.from, helper->slice.to);
        pthread_mutex_lock(&helper->lock);
        helper->busy = 0;
        pthread_cond_signal(&helper->changed);
    }
    return NULL;
}

static void start_helpers(void)
{
    for (int at = 0; at < CORES - 1; at++) {
        struct helper *helper = &helpers[at];
        pthread_mutex_init(&helper->lock, NULL);
        pthread_cond_init(&helper->changed, NULL);
        if (pthread_create(&helper->thread, NULL, help, helper) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
}

/* Call stage for 0 .. count, split over the cores; back when all is done. */
static void split(stage_fn *stage, void *context, int count)
{
    for (int at = 0; at < CORES - 1; at++) {
        struct helper *helper = &helpers[at];
        pthread_mutex_lock(&helper->lock);
        helper->slice = (struct slice){stage, context, count * (at + 1) / CORES, count * (at + 2) / CORES};
        helper->busy = 1;
        pthread_cond_signal(&helper->changed);
        pthread_mutex_unlock(&helper->lock);
    }
    stage(context, 0, count / CORES);
    for (int at = 0; at < CORES - 1; at++) {
        pthread_mutex_lock(&helpers[at].lock);
        while (helpers[at].busy)
            pthread_cond_wait(&helpers[at].changed, &helpers[at].lock);
        pthread_mutex_unlock(&helpers[at].lock);
    }
}

struct loop {
    uint16_t picture[SIDE][SIDE];
    float slopes[SLOPES];
    float reference[SLOPES];
    float (*control)[SLOPES];
    float wanted[ACTUATORS], command[ACTUATORS];
    uint32_t noise;
    double phase;
    long frames, clipped;
};

static uint32_t chance(struct loop *loop)
{
    loop->noise = loop->noise * 1664525u + 1013904223u;
    return loop->noise >> 16;
}

/* What the frame grabber would put there. */
static void grab(struct loop *loop)
{
    loop->phase += 0.013;
    for (int row = 0; row < SIDE; row++) {
        uint16_t base = (uint16_t)(200 + 120 * sin(loop->phase + row * 0.05));
        for (int column = 0; column < SIDE; column++)
            loop->picture[row][column] = base + (chance(loop) & 63);
    }
}

static void find_slopes(void *context, int from, int to)
{
    struct loop *loop = context;
    for (int lens = from; lens < to; lens++) {
        int top = lens / LENSES * SPOT, left = lens % LENSES * SPOT;
        float light = 1e-3f, x = 0, y = 0;
        for (int row = 0; row < SPOT; row++)
            for (int column = 0; column < SPOT; column++) {
                float value = loop->picture[top + row][left + column];
                light += value;
                x += value * column;
                y += value * row;
            }
        loop->slopes[2 * lens] = x / light - loop->reference[2 * lens];
        loop->slopes[2 * lens + 1] = y / light - loop->reference[2 * lens + 1];
    }
}

static void reconstruct(void *context, int from, int to)
{
    struct loop *loop = context;
    for (int actuator = from; actuator < to; actuator++) {
        float sum = 0;
        for (int slope = 0; slope < SLOPES; slope++)
            sum += loop->control[actuator][slope] * loop->slopes[slope];
        loop->wanted[actuator] = sum;
    }
}

static void integrate(void *context, int from, int to)
{
    struct loop *loop = context;
    for (int actuator = from; actuator < to; actuator++) {
        float next = 0.985f * loop->command[actuator] - 0.35f * loop->wanted[actuator];
        loop->command[actuator] = fmaxf(-1.0f, fminf(1.0f, next));
    }
}

static void one_frame(struct loop *loop)
{
    grab(loop);
    split(find_slopes, loop, LENSES * LENSES);
    split(reconstruct, loop, ACTUATORS);
    split(integrate, loop, ACTUATORS);
    for (int actuator = 0; actuator < ACTUATORS; actuator++)
        loop->clipped += fabsf(loop->command[actuator]) >= 1.0f;
    loop->frames++;
}

static struct loop *calibrate(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop || !(loop->control = calloc(ACTUATORS, sizeof *loop->control))) {
        perror("calibrate");
        exit(1);
    }
    loop->noise = 7;
    for (int slope = 0; slope < SLOPES; slope++)
        loop->reference[slope] = (SPOT - 1) / 2.0f;
    for (int actuator = 0; actuator < ACTUATORS; actuator++)
        for (int slope = 0; slope < SLOPES; slope++)
            loop->control[actuator][slope] = cosf(actuator * 0.7f + slope * 0.11f) / 40;
    return loop;
}

int main(void)
{
    struct loop *loop = calibrate();
    struct timespec due;

    start_helpers();
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        one_frame(loop);
        due.tv_nsec += 1000000000L / RATE_HZ;
        if (due.tv_nsec >= 1000000000L) {
            due.tv_nsec -= 1000000000L;
            due.tv_sec++;
        }
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
            continue;
    }
}
