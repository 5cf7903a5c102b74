// expect: pattern=hot-loop bench
// Checks embroidery designs before they go to the machines: reads the stitch file, follows the needle, and looks
// for places where so many stitches fall together that the thread would break; keeps a report for each machine.
//
// Measured: 40 designs of 3,740 stitches a second; CPU 0.33 cores, in the twin 0.01.
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4000, SLOTS = 8, MACHINES = 6, PERIOD_MS = 25, CROWD = 9 };
enum { JUMP = 1, TRIM = 2, COLOUR = 4 };
static const float NEAR = 0.5f; // millimetres

// A file is a row of records: dx and dy in tenths of a millimetre, and flags.
struct file {
    int machine;
    size_t length;
    uint8_t bytes[3 * MOST];
};

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    struct file slots[SLOTS];
    unsigned first, last;
};

struct needle {
    float x, y;
};

struct cloth {
    struct needle at[MOST];
    int count;
    float thread;
    int trims, colours;
};

struct report {
    int stitches, crowded, worst;
    struct needle where;
    float thread, minutes;
};

static struct inbox inbox = {.lock = PTHREAD_MUTEX_INITIALIZER,
                             .filled = PTHREAD_COND_INITIALIZER,
                             .emptied = PTHREAD_COND_INITIALIZER};
static struct report reports[MACHINES];
static pthread_mutex_t reports_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long checked, stitches, crowded_stitches;

static void cloth_clear(struct cloth *cloth) {
    cloth->count = cloth->trims = cloth->colours = 0;
    cloth->thread = 0;
}

static void cloth_pierce(struct cloth *cloth, struct needle at) {
    if (cloth->count == MOST) return;
    cloth->at[cloth->count++] = at;
}

// Follows the needle through the file.
static void cloth_read(struct cloth *cloth, const struct file *file) {
    struct needle at = {2, 2};
    cloth_clear(cloth);
    for (size_t i = 0; i + 2 < file->length; i += 3) {
        float dx = (int8_t)file->bytes[i] * 0.1f, dy = (int8_t)file->bytes[i + 1] * 0.1f;
        uint8_t flags = file->bytes[i + 2];
        at.x += dx;
        at.y += dy;
        if (flags & COLOUR) cloth->colours++;
        if (flags & TRIM) cloth->trims++;
        if (flags & JUMP) continue;
        cloth->thread += 1.15f * sqrtf(dx * dx + dy * dy) + 0.8f;
        cloth_pierce(cloth, at);
    }
}

// How many penetrations lie near a place.
static int cloth_crowd(const struct cloth *cloth, struct needle place) {
    int crowd = 0;
    for (int i = 0; i < cloth->count; i++) { // <- cost
        float dx = cloth->at[i].x - place.x, dy = cloth->at[i].y - place.y;
        if (dx * dx + dy * dy <= NEAR * NEAR) crowd++;
    }
    return crowd;
}

static void judge(const struct cloth *cloth, struct report *report) {
    *report = (struct report){.stitches = cloth->count, .thread = cloth->thread / 1000};
    for (int i = 0; i < cloth->count; i++) {
        int crowd = cloth_crowd(cloth, cloth->at[i]); // <- cost
        if (crowd >= CROWD) report->crowded++;
        if (crowd > report->worst) {
            report->worst = crowd;
            report->where = cloth->at[i];
        }
    }
    report->minutes = cloth->count / 850.0f + cloth->trims * 0.11f + cloth->colours * 0.2f;
}

static void *checker(void *cloth) {
    struct report report;
    for (;;) {
        pthread_mutex_lock(&inbox.lock);
        while (inbox.first == inbox.last) pthread_cond_wait(&inbox.filled, &inbox.lock);
        const struct file *file = &inbox.slots[inbox.first % SLOTS];
        int machine = file->machine;
        pthread_mutex_unlock(&inbox.lock);

        cloth_read(cloth, file);

        pthread_mutex_lock(&inbox.lock);
        inbox.first++;
        pthread_cond_signal(&inbox.emptied);
        pthread_mutex_unlock(&inbox.lock);

        judge(cloth, &report);
        pthread_mutex_lock(&reports_lock);
        reports[machine] = report;
        pthread_mutex_unlock(&reports_lock);
        checked++;
        stitches += report.stitches;
        crowded_stitches += report.crowded;
    }
    return NULL;
}

static void put(struct file *file, int dx, int dy, int flags) {
    if (file->length + 3 > sizeof file->bytes) return;
    uint8_t *record = &file->bytes[file->length];
    record[0] = (uint8_t)(int8_t)dx;
    record[1] = (uint8_t)(int8_t)dy;
    record[2] = (uint8_t)flags;
    file->length += 3;
}

// A filled field, row by row, with a knot at the end of some rows.
static void digitise(struct file *file, int number, unsigned *seed) {
    int rows = 84 + number % 5;
    file->length = 0;
    file->machine = number % MACHINES;
    for (int row = 0; row < rows; row++) {
        int way = row % 2 ? -1 : 1;
        for (int i = 0; i < 42; i++) put(file, way * (23 + (int)(rand_r(seed) % 5)), (int)(rand_r(seed) % 3) - 1, 0);
        if (row % 12 == 5)
            for (int i = 0; i < 6; i++) put(file, i % 2 ? 1 : -1, i % 3 - 1, i == 5 ? TRIM : 0);
        put(file, 0, 4, row % 40 == 39 ? COLOUR | JUMP : 0);
    }
}

static void *studio(void *unused) {
    unsigned seed = 7;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (int number = 0;; number++) {
        next.tv_nsec += PERIOD_MS * 1000000L;
        if (next.tv_nsec >= 1000000000L) next.tv_nsec -= 1000000000L, next.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        pthread_mutex_lock(&inbox.lock);
        while (inbox.last - inbox.first == SLOTS) pthread_cond_wait(&inbox.emptied, &inbox.lock);
        struct file *file = &inbox.slots[inbox.last % SLOTS];
        pthread_mutex_unlock(&inbox.lock);
        digitise(file, number, &seed);
        pthread_mutex_lock(&inbox.lock);
        inbox.last++;
        pthread_cond_signal(&inbox.filled);
        pthread_mutex_unlock(&inbox.lock);
    }
    return unused;
}

int main(void) {
    static struct cloth cloth;
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, checker, &cloth);
    pthread_create(&threads[1], NULL, studio, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        sleep(2);
        pthread_mutex_lock(&reports_lock);
        struct report last = reports[0];
        pthread_mutex_unlock(&reports_lock);
        fprintf(stderr, "%ld designs, %ld stitches, %ld crowded; %.1f m of thread, worst %d at %.0f, %.0f\n",
                atomic_exchange(&checked, 0), atomic_exchange(&stitches, 0), atomic_exchange(&crowded_stitches, 0),
                last.thread, last.worst, last.where.x, last.where.y);
    }
}
