// bench: healthy
// Plays an ensemble of 50 zithers of 40 strings (Karplus-Strong with body resonators) in real time: every 20 ms
// a block is made when the timer says so, limited, and put into a ring file of the last two minutes that the radio's
// mixer maps. About a fifth of a core.
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RATE 48000
#define BLOCK 960
#define ZITHERS 50
#define EACH 40
#define STRINGS (ZITHERS * EACH)
#define MODES 6
#define LONGEST 2048
#define RING_BLOCKS 6000

struct string {
    float line[LONGEST];
    int length, at;
    float damping, last, pan;
    int next_pluck;
};

struct mode {
    float a1, a2, gain, y1, y2;
};

static struct string strings[STRINGS];
static struct mode body[2][MODES];
static float left[BLOCK], right[BLOCK];
static int16_t out[2 * BLOCK];
static uint32_t seed = 2463534242u;

static float noise(void) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (float)(int32_t)seed * (1.0f / 2147483648.0f);
}

static void tune(void) {
    static const int scale[] = {0, 2, 4, 7, 9};
    for (int i = 0; i < STRINGS; i++) {
        struct string *s = &strings[i];
        double pitch = 55.0 * pow(2, (12 * (i % EACH / 10) + scale[i % 5] + (i % 10 >= 5) * 0.05 + 0.001 * (i / EACH)) / 12.0);
        s->length = (int)(RATE / pitch);
        s->damping = 0.4985f + 0.001f * (float)(i % 2);
        s->pan = (float)i / STRINGS;
        s->next_pluck = 1 + i * 7 % 900;
    }
    for (int side = 0; side < 2; side++)
        for (int m = 0; m < MODES; m++) {
            double f = (110 + 83 * m * (1 + 0.02 * side)) * 2 * M_PI / RATE, r = 0.9985 - 0.0004 * m;
            body[side][m] = (struct mode){(float)(2 * r * cos(f)), (float)(-r * r), (float)(0.004 / (m + 1)), 0, 0};
        }
}

static void pluck(struct string *s, float strength) {
    float smooth = 0;
    for (int i = 0; i < s->length; i++) {
        smooth = 0.6f * smooth + 0.4f * noise();
        s->line[i] = smooth * strength;
    }
}

static void ring(struct string *s) {
    float l = 0.02f * (1 - s->pan), r = 0.02f * s->pan;
    int at = s->at;
    float last = s->last;
    for (int n = 0; n < BLOCK; n++) {
        float now = s->line[at];
        s->line[at] = s->damping * (now + last);
        last = now;
        if (++at == s->length)
            at = 0;
        left[n] += l * now;
        right[n] += r * now;
    }
    s->at = at;
    s->last = last;
}

static void resonate(float *side, struct mode *modes) {
    for (int m = 0; m < MODES; m++) {
        struct mode k = modes[m];
        for (int n = 0; n < BLOCK; n++) {
            float y = k.gain * side[n] + k.a1 * k.y1 + k.a2 * k.y2;
            k.y2 = k.y1;
            k.y1 = y;
            side[n] += y * 0.2f;
        }
        modes[m] = k;
    }
}

static void block(long number) {
    memset(left, 0, sizeof left);
    memset(right, 0, sizeof right);
    for (int i = 0; i < STRINGS; i++) {
        if (number >= strings[i].next_pluck) {
            pluck(&strings[i], 0.5f + 0.4f * noise());
            strings[i].next_pluck = (int)number + 300 + (int)(900 * fabsf(noise()));
        }
        ring(&strings[i]);
    }
    resonate(left, body[0]);
    resonate(right, body[1]);
    for (int n = 0; n < BLOCK; n++) {
        out[2 * n] = (int16_t)(30000 * tanhf(left[n]));
        out[2 * n + 1] = (int16_t)(30000 * tanhf(right[n]));
    }
}

int main(void) {
    tune();
    int ring_file = open("ensemble.pcm", O_RDWR | O_CREAT | O_TRUNC, 0644);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec every = {{0, 1000000000L * BLOCK / RATE}, {0, 1000000}};
    if (ring_file < 0 || timer < 0 || timerfd_settime(timer, 0, &every, NULL) != 0) {
        perror("setting up");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    uint64_t due;
    for (long number = 0; read(timer, &due, sizeof due) == sizeof due;) {
        if (due > 5)
            due = 5; /* after a standstill: leave out what nobody heard */
        for (; due > 0; due--, number++) {
            block(number);
            off_t place = (off_t)(number % RING_BLOCKS) * (off_t)sizeof out;
            if (pwrite(ring_file, out, sizeof out, place) != (ssize_t)sizeof out) {
                perror("writing");
                return 1;
            }
        }
    }
    return 0;
}
