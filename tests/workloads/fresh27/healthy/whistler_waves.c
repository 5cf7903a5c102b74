// expect: healthy bench
// Whistler watch: finds the falling tones that lightning sends along the earth's field, in the signal of a loop aerial.
// A stream of 96000 samples a second comes through a pipe from the receiver's thread, in blocks; overlapping spectra are
// made with an FFT whose tables are made once, and a whistler's energy is followed along a few dispersion curves.
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RATE 96000
#define SIZE 2048
#define HOP 128
#define BINS 400
#define HISTORY 2048
#define CURVES 24
#define BLOCK 4800
#define REPORT_SPECTRA 7500

#define PI 3.14159265358979323846

struct fft {
    float cosines[SIZE / 2], sines[SIZE / 2];
    uint16_t swapped[SIZE];
    float window[SIZE];
};

struct watch {
    struct fft fft;
    float real[SIZE], imaginary[SIZE];
    float history[HISTORY][BINS];
    float ground[BINS];
    uint16_t delay[CURVES][BINS];
    long spectra;
    long found;
    float loudest;
};

static void fft_prepare(struct fft *fft) {
    for (int i = 0; i < SIZE / 2; i++) {
        fft->cosines[i] = (float)cos(2 * PI * i / SIZE);
        fft->sines[i] = (float)-sin(2 * PI * i / SIZE);
    }
    for (int i = 0, j = 0; i < SIZE; i++) {
        fft->swapped[i] = (uint16_t)j;
        int bit = SIZE >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j |= bit;
    }
    for (int i = 0; i < SIZE; i++) fft->window[i] = (float)(0.5 - 0.5 * cos(2 * PI * i / SIZE));
}

static void fft_run(const struct fft *fft, float *real, float *imaginary) {
    for (int half = 1; half < SIZE; half *= 2) {
        int stride = SIZE / (2 * half);
        for (int start = 0; start < SIZE; start += 2 * half)
            for (int k = 0; k < half; k++) {
                int low = start + k, high = low + half;
                float c = fft->cosines[k * stride], s = fft->sines[k * stride];
                float r = real[high] * c - imaginary[high] * s;
                float i = real[high] * s + imaginary[high] * c;
                real[high] = real[low] - r;
                imaginary[high] = imaginary[low] - i;
                real[low] += r;
                imaginary[low] += i;
            }
    }
}

// How many spectra later a whistler of each dispersion comes at each frequency.
static void curves_prepare(struct watch *watch) {
    for (int curve = 0; curve < CURVES; curve++) {
        double dispersion = 20 + 2.0 * curve;
        for (int bin = 0; bin < BINS; bin++) {
            double hertz = (bin + 24) * (double)RATE / SIZE;
            double spectra = dispersion / sqrt(hertz) * RATE / HOP;
            watch->delay[curve][bin] = (uint16_t)fmin(spectra, HISTORY - 1);
        }
    }
}

// One spectrum: put it into the history, above the slowly moving ground of each bin.
static void spectrum(struct watch *watch, const int16_t *samples) {
    const struct fft *fft = &watch->fft;
    for (int i = 0; i < SIZE; i++) {
        int from = fft->swapped[i];
        watch->real[i] = samples[from] * fft->window[from];
    }
    memset(watch->imaginary, 0, sizeof watch->imaginary);
    fft_run(fft, watch->real, watch->imaginary);
    float *row = watch->history[watch->spectra % HISTORY];
    for (int bin = 0; bin < BINS; bin++) {
        float r = watch->real[bin + 24], i = watch->imaginary[bin + 24];
        float power = logf(r * r + i * i + 1.0f);
        watch->ground[bin] += 0.0005f * (power - watch->ground[bin]);
        row[bin] = power - watch->ground[bin];
    }
    watch->spectra++;
}

// The energy along each curve that ends now, at every eighth bin.
static void follow(struct watch *watch) {
    float best = 0;
    for (int curve = 0; curve < CURVES; curve++) {
        const uint16_t *delay = watch->delay[curve];
        float sum = 0;
        for (int bin = 0; bin < BINS; bin += 8) {
            long at = watch->spectra - 1 - (delay[0] - delay[bin]);
            if (at >= 0) sum += watch->history[at % HISTORY][bin];
        }
        if (sum > best) best = sum;
    }
    if (best > watch->loudest) watch->loudest = best;
    if (best > 60) watch->found++;
}

static uint32_t state = 2463534242u;

static float noise(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

// The receiver: noise with a falling tone now and then, played from ten seconds of tape in blocks of a twentieth.
static void *receiver(void *given) {
    int out = *(int *)given;
    long long_tape = 10L * RATE;
    int16_t *tape = malloc(sizeof *tape * (size_t)long_tape);
    if (!tape) exit(1);
    double phase = 0;
    for (long i = 0; i < long_tape; i++) {
        double t = (double)(i % (2 * RATE)) / RATE;
        double hertz = t > 0.3 && t < 1.2 ? 1600.0 / (t * t) : 0;
        phase += 2 * PI * hertz / RATE;
        double tone = hertz > 1000 && hertz < 20000 ? 900 * sin(phase) : 0;
        tape[i] = (int16_t)(tone + 1500 * noise());
    }
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (long at = 0;; at = (at + BLOCK) % long_tape) {
        const char *from = (const char *)(tape + at);
        size_t left = BLOCK * sizeof *tape;
        while (left) {
            ssize_t sent = write(out, from, left);
            if (sent <= 0) exit(1);
            from += sent;
            left -= (size_t)sent;
        }
        due.tv_nsec += 1000000000L / RATE * BLOCK;
        if (due.tv_nsec >= 1000000000L) {
            due.tv_nsec -= 1000000000L;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    return NULL;
}

int main(void) {
    static struct watch watch;
    static int16_t samples[SIZE + 2 * BLOCK];
    int line[2];
    pthread_t thread;
    FILE *out = fopen("whistlers.txt", "w");
    if (!out || pipe(line)) return 1;
    fft_prepare(&watch.fft);
    curves_prepare(&watch);
    if (pthread_create(&thread, NULL, receiver, &line[1])) return 1;
    size_t held = 0;
    for (;;) {
        ssize_t got = read(line[0], (char *)samples + held, sizeof samples - held);
        if (got <= 0) return 1;
        held += (size_t)got;
        size_t used = 0;
        while (held - used >= SIZE * sizeof *samples) {
            spectrum(&watch, samples + used / sizeof *samples);
            follow(&watch);
            used += HOP * sizeof *samples;
            if (watch.spectra == 100) {
                printf("ready %d\n", (int)getpid());
                fflush(stdout);
            }
            if (watch.spectra % REPORT_SPECTRA == 0) {
                fprintf(out, "%ld %ld %.1f\n", watch.spectra, watch.found, watch.loudest);
                fflush(out);
                watch.loudest = 0;
            }
        }
        held -= used;
        memmove(samples, (char *)samples + used, held);
    }
}
