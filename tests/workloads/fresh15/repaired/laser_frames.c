// expect: healthy bench
// Draws a laser show: six projectors, 25 frames a second each; figures turn, are clipped to the safe zone, blanked
// between the strokes, and go as points of position, colour and blanking to the drivers of the projectors through
// pipes.
//
// Measured: 150 frames of 900 points a second; 810,000 writes a second and 0.32 cores, in the twin 150 writes and
// 0.01.
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { PROJECTORS = 6, POINTS = 900, FRAME_MS = 40, TURNS = 1024, STROKES = 9 };

// The line to a projector's driver.
struct line {
    int fd;
    size_t filled;
    uint8_t bytes[16384];
};

struct point {
    int16_t x, y;
    uint8_t red, green, blue, blank;
};

struct figure {
    int lobes;
    float size, wobble;
    uint8_t red, green, blue;
};

struct projector {
    pthread_t thread;
    struct line line;
    int number;
    struct point points[POINTS];
};

static float sines[TURNS];
static struct projector projectors[PROJECTORS];
static atomic_long frames, points_sent;

static float sine(int turn) { return sines[turn & (TURNS - 1)]; }
static float cosine(int turn) { return sines[(turn + TURNS / 4) & (TURNS - 1)]; }

static void line_write(struct line *line, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t n = write(line->fd, bytes, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) exit(1); // the driver is gone
        bytes += n;
        length -= (size_t)n;
    }
}

static void line_flush(struct line *line) {
    line_write(line, line->bytes, line->filled);
    line->filled = 0;
}

static void line_put(struct line *line, const uint8_t *bytes, size_t length) {
    if (line->filled + length > sizeof line->bytes) line_flush(line);
    memcpy(line->bytes + line->filled, bytes, length);
    line->filled += length;
}

static void put_byte(struct line *line, uint8_t value) {
    line_put(line, &value, 1);
}

static void put_word(struct line *line, int16_t value) {
    uint8_t bytes[2] = {(uint8_t)((uint16_t)value >> 8), (uint8_t)value};
    line_put(line, bytes, sizeof bytes);
}

static void put_point(struct line *line, const struct point *point) {
    put_word(line, point->x);
    put_word(line, point->y);
    put_byte(line, point->blank);
    put_byte(line, point->blue);
    put_byte(line, point->green);
    put_byte(line, point->red);
}

static void send_frame(struct projector *projector, int count, int frame) {
    struct line *line = &projector->line;
    put_word(line, 0x494c);
    put_word(line, (int16_t)projector->number);
    put_word(line, (int16_t)frame);
    put_word(line, (int16_t)count);
    for (int i = 0; i < count; i++) put_point(line, &projector->points[i]);
    line_flush(line);
    frames++;
    points_sent += count;
}

static int16_t safe(float value) {
    return (int16_t)(value < -30000 ? -30000 : value > 30000 ? 30000 : value);
}

// One figure is drawn in strokes; the beam is dark between them.
static int draw(struct point *points, const struct figure *figure, int frame) {
    int per_stroke = POINTS / STROKES;
    for (int i = 0; i < POINTS; i++) {
        int turn = i * TURNS / POINTS, stroke = i / per_stroke, within = i % per_stroke;
        float reach = figure->size * (1 + figure->wobble * sine(turn * figure->lobes + frame * 5));
        float x = reach * cosine(turn + frame * 3), y = reach * sine(turn + frame * 3);
        float tilt = sine(frame * 2 + stroke * 40);
        points[i].x = safe(x);
        points[i].y = safe(y * (0.6f + 0.4f * tilt));
        points[i].blank = within < 4;
        points[i].red = points[i].blank ? 0 : (uint8_t)(figure->red * (stroke + 3) / (STROKES + 3));
        points[i].green = points[i].blank ? 0 : figure->green;
        points[i].blue = points[i].blank ? 0 : (uint8_t)(figure->blue * (STROKES - stroke) / STROKES);
    }
    return POINTS;
}

static void *show(void *own) {
    static const struct figure figures[] = {
        {3, 21000, 0.3f, 255, 40, 90}, {5, 17000, 0.5f, 60, 220, 120}, {8, 25000, 0.2f, 90, 80, 255},
        {2, 28000, 0.4f, 240, 190, 30}, {13, 15000, 0.6f, 30, 240, 230}};
    struct projector *projector = own;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (int frame = projector->number;; frame++) {
        next.tv_nsec += FRAME_MS * 1000000L;
        if (next.tv_nsec >= 1000000000L) next.tv_nsec -= 1000000000L, next.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        const struct figure *figure = &figures[(frame / 200 + projector->number) % 5];
        send_frame(projector, draw(projector->points, figure, frame), frame);
    }
    return NULL;
}

// The driver takes what came in large parts, and paces the mirrors (here it only sums up the light).
static void driver(int fd) {
    static uint8_t bytes[65536];
    struct timespec pace = {0, 8000000};
    uint64_t light = 0;
    ssize_t n;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < n; i += 8) light += bytes[i];
        nanosleep(&pace, NULL);
    }
    _exit(light == 1);
}

static int start_driver(void) {
    int ends[2];
    if (pipe(ends) < 0) exit(1);
    pid_t child = fork();
    if (child < 0) exit(1);
    if (child == 0) {
        close(ends[1]);
        driver(ends[0]);
    }
    close(ends[0]);
    return ends[1];
}

int main(void) {
    for (int i = 0; i < TURNS; i++) sines[i] = sinf((float)i * 6.2831853f / TURNS);
    for (int i = 0; i < PROJECTORS; i++) {
        projectors[i].number = i;
        projectors[i].line.fd = start_driver();
    }
    for (int i = 0; i < PROJECTORS; i++) pthread_create(&projectors[i].thread, NULL, show, &projectors[i]);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        sleep(2);
        fprintf(stderr, "%ld frames, %ld points\n", atomic_exchange(&frames, 0), atomic_exchange(&points_sent, 0));
    }
}
