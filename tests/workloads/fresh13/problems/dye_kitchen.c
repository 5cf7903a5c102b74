// expect: pattern=excessive-stat bench
// Runs the dye kitchen of a textile mill: every 10 ms the dispensing line reports a batch of doses, each of which is
// corrected by the calibration profile of its dyestuff; profiles may be overridden by vat, machine, hall, or by the mill.
// Measured: a tick takes 4.7 ms of CPU time (3.9 in the kernel), the repaired twin 0.17 ms (200 ticks each); under strace
// 3200 stat calls a tick, five of six in vain.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DYES 96
#define VATS 32
#define LEVELS 6
#define DOSES_PER_TICK 600
#define TICK_NANOSECONDS 10000000L

struct profile {
    double slope, offset, viscosity;
};

struct dose {
    int dye, vat;
    double grams, celsius;
};

struct vat {
    double bath[3];
    double litres;
    unsigned long doses;
};

struct kitchen {
    char root[128];
    struct profile standard[DYES];
    struct vat vats[VATS];
    uint32_t seed;
};

static const char *const levels[LEVELS] = {"trial", "vat", "machine", "hall", "season", "mill"};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t draw(struct kitchen *kitchen)
{
    kitchen->seed = kitchen->seed * 1664525u + 1013904223u;
    return kitchen->seed >> 8;
}

static void write_profiles(struct kitchen *kitchen)
{
    char path[256];
    for (int level = 0; level < LEVELS; level++) {
        snprintf(path, sizeof path, "%s/%s", kitchen->root, levels[level]);
        if (mkdir(path, 0700) && errno != EEXIST)
            die(path);
    }
    for (int dye = 0; dye < DYES; dye++) {
        kitchen->standard[dye] = (struct profile){1 + dye * 0.002, 0.01 * dye, 0.8 + dye % 7 * 0.1};
        const char *level = dye % 5 == 0 ? "hall" : "mill";
        snprintf(path, sizeof path, "%s/%s/dye-%03d.cal", kitchen->root, level, dye);
        FILE *out = fopen(path, "w");
        if (!out)
            die(path);
        fprintf(out, "%g %g %g\n", kitchen->standard[dye].slope, kitchen->standard[dye].offset,
                kitchen->standard[dye].viscosity);
        fclose(out);
    }
}

/* The level whose profile counts for a dye: the first that has one. */
static int level_of(struct kitchen *kitchen, int dye)
{
    char path[256];
    struct stat found;
    for (int level = 0; level < LEVELS; level++) {
        snprintf(path, sizeof path, "%s/%s/dye-%03d.cal", kitchen->root, levels[level], dye);
        if (stat(path, &found) == 0 && found.st_size > 0) // <- cost
            return level;
    }
    return LEVELS - 1;
}

/* e to the power of -x, for x of 0 or more */
static double fading(double x)
{
    double eighth = x / 8, whole = 1 + eighth + eighth * eighth / 2 + eighth * eighth * eighth / 6;
    whole *= whole;
    whole *= whole;
    return 1 / (whole * whole);
}

static double root(double x)
{
    double guess = (1 + x) / 2;
    for (int step = 0; step < 5; step++)
        guess = (guess + x / guess) / 2;
    return guess;
}

static double corrected(struct kitchen *kitchen, const struct dose *dose)
{
    const struct profile *profile = &kitchen->standard[dose->dye];
    double slope = profile->slope * (1 + 0.001 * level_of(kitchen, dose->dye));
    double thin = fading(profile->viscosity * (dose->celsius - 20) / 80);
    return (dose->grams - profile->offset) * slope * thin;
}

/* Kubelka-Munk: what the bath looks like at 12 wavelengths after the dose. */
static void stir(struct vat *vat, const struct dose *dose, double grams)
{
    double per_litre = grams / vat->litres;
    for (int band = 0; band < 12; band++) {
        double away = (400 + band * 25 - 420 - dose->dye * 2) / 60.0;
        double absorbed = per_litre * fading(away * away);
        double reflected = 1 + absorbed - root(absorbed * absorbed + 2 * absorbed);
        vat->bath[band / 4] = 0.98 * vat->bath[band / 4] + 0.02 * reflected;
    }
    vat->doses++;
}

static struct dose next_dose(struct kitchen *kitchen)
{
    return (struct dose){draw(kitchen) % DYES, draw(kitchen) % VATS, 5 + draw(kitchen) % 2000 / 10.0,
                         40 + draw(kitchen) % 40};
}

static void run_tick(struct kitchen *kitchen)
{
    for (int number = 0; number < DOSES_PER_TICK; number++) {
        struct dose dose = next_dose(kitchen);
        stir(&kitchen->vats[dose.vat], &dose, corrected(kitchen, &dose));
    }
}

static void wait_for_tick(struct timespec *due)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec > due->tv_sec + 1)
        *due = now;
    due->tv_nsec += TICK_NANOSECONDS;
    if (due->tv_nsec >= 1000000000L) {
        due->tv_nsec -= 1000000000L;
        due->tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, due, NULL) == EINTR)
        ;
}

int main(void)
{
    static struct kitchen kitchen = {.root = "/tmp/dye-kitchen-XXXXXX", .seed = 1856};
    if (!mkdtemp(kitchen.root))
        die(kitchen.root);
    write_profiles(&kitchen);
    for (int number = 0; number < VATS; number++)
        kitchen.vats[number] = (struct vat){{1, 1, 1}, 400 + number * 25, 0};
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        run_tick(&kitchen);
        wait_for_tick(&due);
    }
}
