/* expect: healthy bench */
/*
 * Correlates the signals of the antennas of a radio telescope: transforms blocks of samples, and multiplies each pair of
 * antennas, channel by channel. All tables and buffers are made once; it keeps one core busy.
 */
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ANTENNAS 8
#define BITS 10
#define CHANNELS (1 << BITS)
#define PAIRS (ANTENNAS * (ANTENNAS - 1) / 2)
#define BLOCKS 64 /* to an integration */

typedef float complex sample;

struct transform {
    sample twiddles[CHANNELS / 2];
    uint16_t reversed[CHANNELS];
};

struct correlator {
    struct transform transform;
    sample spectra[ANTENNAS][CHANNELS];
    sample visibilities[PAIRS][CHANNELS / 2];
    uint32_t noise;
    long integrations;
};

static void prepare(struct transform *transform)
{
    for (int i = 0; i < CHANNELS / 2; i++)
        transform->twiddles[i] = cexpf(-2.0f * (float)M_PI * I * (float)i / CHANNELS);
    for (int i = 0; i < CHANNELS; i++) {
        unsigned turned = 0;
        for (int bit = 0; bit < BITS; bit++)
            turned |= (unsigned)(i >> bit & 1) << (BITS - 1 - bit);
        transform->reversed[i] = (uint16_t)turned;
    }
}

/* What an antenna hears: a source that comes later to those that are farther away, and noise. */
static void listen(struct correlator *all, int antenna, long block, sample *into)
{
    for (int i = 0; i < CHANNELS; i++) {
        all->noise = all->noise * 1664525u + 1013904223u;
        uint32_t phase = (uint32_t)(block * CHANNELS + i - 3 * antenna) * 37u & 255u;
        float source = (float)(phase < 128 ? phase : 255 - phase) / 64.0f - 1.0f;
        into[all->transform.reversed[i]] = source + ((float)(all->noise >> 8) / 8388608.0f - 1.0f);
    }
}

static void run_transform(const struct transform *transform, sample *data)
{
    for (int half = 1; half < CHANNELS; half *= 2) {
        int stride = CHANNELS / (2 * half);
        for (int start = 0; start < CHANNELS; start += 2 * half) {
            for (int at = 0; at < half; at++) {
                sample twiddle = transform->twiddles[at * stride], lower = data[start + at + half];
                float real = crealf(twiddle) * crealf(lower) - cimagf(twiddle) * cimagf(lower);
                float imaginary = crealf(twiddle) * cimagf(lower) + cimagf(twiddle) * crealf(lower);
                sample turned = CMPLXF(real, imaginary), upper = data[start + at];
                data[start + at] = upper + turned;
                data[start + at + half] = upper - turned;
            }
        }
    }
}

static void multiply(struct correlator *all)
{
    int pair = 0;
    for (int a = 0; a < ANTENNAS; a++) {
        for (int b = a + 1; b < ANTENNAS; b++, pair++) {
            const sample *one = all->spectra[a], *other = all->spectra[b];
            sample *sum = all->visibilities[pair];
            for (int channel = 0; channel < CHANNELS / 2; channel++) {
                float x = crealf(one[channel]), y = cimagf(one[channel]);
                float u = crealf(other[channel]), v = cimagf(other[channel]);
                sum[channel] += CMPLXF(x * u + y * v, y * u - x * v);
            }
        }
    }
}

/* The strongest channel of a pair, and the sums begin again. */
static int dump(struct correlator *all, int pair)
{
    int strongest = 1;
    float most = 0;
    for (int channel = 1; channel < CHANNELS / 2; channel++) {
        sample sum = all->visibilities[pair][channel];
        float power = crealf(sum) * crealf(sum) + cimagf(sum) * cimagf(sum);
        if (power > most) {
            most = power;
            strongest = channel;
        }
        all->visibilities[pair][channel] = 0;
    }
    return strongest;
}

int main(void)
{
    struct correlator *all = calloc(1, sizeof *all);
    FILE *log = fopen("fringes.log", "w");
    if (!all || !log) {
        perror("cannot begin");
        return 1;
    }
    prepare(&all->transform);
    printf("ready %d\n", getpid());
    fflush(stdout);
    time_t told = time(NULL);
    for (long block = 1;; block++) {
        for (int antenna = 0; antenna < ANTENNAS; antenna++) {
            listen(all, antenna, block, all->spectra[antenna]);
            run_transform(&all->transform, all->spectra[antenna]);
        }
        multiply(all);
        if (block % BLOCKS)
            continue;
        int strongest = 0;
        for (int pair = 0; pair < PAIRS; pair++)
            strongest = dump(all, pair);
        all->integrations++;
        if (time(NULL) != told) {
            told = time(NULL);
            fprintf(log, "%ld integrations, channel %d\n", all->integrations, strongest);
            fflush(log);
        }
    }
}
