// expect: healthy bench
// The hump of a marshalling yard: one thread takes the cuts of wagons that roll off the hump, in batches, and sorts them
// by their tracks; another works out how strongly the retarders must brake each cut, by following its way in small steps.
// Measured: a quarter of a core (2.0 s of CPU time in 8 s).
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TRACKS = 32, BATCH = 24, PLACES = 8, TRACK_METRES = 650 };

struct cut {
    uint32_t number;
    uint16_t track;
    uint16_t axles;
    double tonnes;
    double resistance; // newtons for each kilonewton of weight
};

struct batch {
    int count;
    struct cut cuts[BATCH];
};

// A ring of batches that are used over and over.
struct hump {
    pthread_mutex_t lock;
    pthread_cond_t filled, freed;
    struct batch places[PLACES];
    unsigned in, out;
};

struct track {
    double free_metres;
    unsigned cuts, axles;
};

struct yard {
    struct track tracks[TRACKS];
    unsigned long cuts, steps, too_fast;
    double spent;
};

static struct hump hump = {.lock = PTHREAD_MUTEX_INITIALIZER,
                           .filled = PTHREAD_COND_INITIALIZER,
                           .freed = PTHREAD_COND_INITIALIZER};

static uint32_t dice(uint64_t *state, uint32_t most)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 16) % most;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int by_track(const void *a, const void *b)
{
    const struct cut *one = a, *other = b;
    if (one->track != other->track)
        return one->track < other->track ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

// The next cuts, as the humpmaster's list has them.
static void roll_off(struct batch *batch, uint64_t *state, uint32_t *number)
{
    batch->count = BATCH;
    for (int at = 0; at < BATCH; at++) {
        struct cut *cut = &batch->cuts[at];
        cut->number = (*number)++;
        cut->track = (uint16_t)dice(state, TRACKS);
        cut->axles = (uint16_t)(4 * (1 + dice(state, 4)));
        cut->tonnes = cut->axles * (5.5 + dice(state, 17));
        cut->resistance = 1.2 + dice(state, 30) / 10.0;
    }
    qsort(batch->cuts, BATCH, sizeof *batch->cuts, by_track);
}

static void *humpmaster(void *unused)
{
    (void)unused;
    uint64_t state = 0x68756d70u;
    uint32_t number = 1;
    struct batch fresh;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        roll_off(&fresh, &state, &number);
        pthread_mutex_lock(&hump.lock);
        while (hump.in - hump.out == PLACES)
            pthread_cond_wait(&hump.freed, &hump.lock);
        hump.places[hump.in % PLACES] = fresh;
        hump.in++;
        pthread_cond_signal(&hump.filled);
        pthread_mutex_unlock(&hump.lock);
        due.tv_nsec += 20 * 1000 * 1000;
        if (due.tv_nsec >= 1000000000) {
            due.tv_nsec -= 1000000000;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    return NULL;
}

static void next_batch(struct batch *batch)
{
    pthread_mutex_lock(&hump.lock);
    while (hump.in == hump.out)
        pthread_cond_wait(&hump.filled, &hump.lock);
    *batch = hump.places[hump.out % PLACES];
    hump.out++;
    pthread_cond_signal(&hump.freed);
    pthread_mutex_unlock(&hump.lock);
}

// How steep the way is, in thousandths.
static double slope(double metres)
{
    if (metres < 40)
        return 50;
    if (metres < 110)
        return 18;
    return metres < 260 ? 6 : 0.9;
}

// The speed with which a cut arrives after so many metres, if the retarders take so much of its weight.
static double arrival(const struct cut *cut, double metres, double braking, unsigned long *steps)
{
    const double second = 0.1, gravity = 9.81;
    double speed = 1.4, at = 0;
    while (at < metres) {
        double wind = 0.012 * (speed + 2) * (speed + 2) * cut->axles / cut->tonnes;
        double along = slope(at) - cut->resistance - wind;
        if ((at > 60 && at < 85) || (at > 140 && at < 160))
            along -= braking;
        speed += gravity * along / 1000 * second;
        ++*steps;
        if (speed <= 0.1)
            return 0;
        at += speed * second;
    }
    return speed;
}

// The least braking with which the cut couples at a walking pace.
static double brake(const struct cut *cut, double metres, unsigned long *steps)
{
    double least = 0, most = 140;
    for (int round = 0; round < 12; round++) {
        double middle = (least + most) / 2;
        if (arrival(cut, metres, middle, steps) > 1.25)
            least = middle;
        else
            most = middle;
    }
    return most;
}

static void work(struct yard *yard, const struct batch *batch)
{
    for (int at = 0; at < batch->count; at++) {
        const struct cut *cut = &batch->cuts[at];
        struct track *track = &yard->tracks[cut->track];
        double length = cut->axles * 3.6;
        if (track->free_metres < length) { // the train is pulled out, and the track is empty
            track->free_metres = TRACK_METRES;
            track->cuts = track->axles = 0;
        }
        double metres = 260 + track->free_metres;
        double braking = brake(cut, metres, &yard->steps);
        yard->too_fast += arrival(cut, metres, braking, &yard->steps) > 1.5;
        track->free_metres -= length;
        track->cuts++;
        track->axles += cut->axles;
        yard->cuts++;
    }
}

static int report(const struct yard *yard, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    fprintf(file, "%lu cuts, %.1f us each, %lu steps, %lu too fast\n", yard->cuts, yard->spent * 1e6 / yard->cuts,
            yard->steps, yard->too_fast);
    for (int number = 0; number < TRACKS; number++) {
        const struct track *track = &yard->tracks[number];
        fprintf(file, "track %d: %u cuts, %u axles, %.0f m free\n", number + 1, track->cuts, track->axles,
                track->free_metres);
    }
    return fclose(file);
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    char folder[240], path[260];
    snprintf(folder, sizeof folder, "%s/hump-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/yard.txt", folder);

    static struct yard yard;
    for (int number = 0; number < TRACKS; number++)
        yard.tracks[number].free_metres = TRACK_METRES;
    pthread_t master;
    if (pthread_create(&master, NULL, humpmaster, NULL))
        return 1;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    struct batch batch;
    for (unsigned number = 1;; number++) {
        next_batch(&batch);
        double began = now();
        work(&yard, &batch);
        yard.spent += now() - began;
        if (number % 150 == 0 && report(&yard, path))
            return 1;
    }
}
