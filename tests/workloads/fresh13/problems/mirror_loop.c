// expect: pattern=thread-churn bench
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

static void *run_slice(void *given)
{
    struct slice *slice = given;
    slice->stage(slice->context, slice->from, slice->to);
    return NULL;
}

/* Call stage for 0 .. count, split over the cores; back when all is done. */
static void split(stage_fn *stage, void *context, int count)
{
    pthread_t threads[CORES];
    struct slice slices[CORES];
    int started = 0;

    for (int core = 0; core < CORES; core++) {
        slices[core] = (struct slice){stage, context, count * core / CORES, count * (core + 1) / CORES};
        if (pthread_create(&threads[core], NULL, run_slice, &slices[core]) != 0) // <- cost
            run_slice(&slices[core]);
        else
            threads[started++] = threads[core];
    }
    while (started > 0)
        pthread_join(threads[--started], NULL);
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
