// bench: healthy build: -lm
// Watches the beds of a trampoline park: a sensor in each of 48 frames sends the force on the springs 8000 times a
// second. One thread receives, another transforms the last second of each bed 50 times a second, and says how often
// a bed swings, how high people jump (from the time without a load), and which springs ring.
//
// Measured: CPU 32 % of a core (2400 transforms of 8192 points a second), 3.9 MiB.
#include <arpa/inet.h>
#include <complex.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BEDS = 48, RATE = 8000, POINTS = 8192, HOP = 160, QUEUE = 256, LIGHT = 400 };

struct frame {
    uint16_t bed, reserved;
    uint32_t sequence;
    int16_t force[HOP];
};

struct bed {
    float recent[POINTS]; // a ring
    uint32_t at, expected, lost, frames;
    float steady, swing; // states of the filter
    uint32_t airborne;   // samples without a load
    float height, best;
    double sway, ringing;
    uint32_t jumps;
};

// Frames that have come and wait for the analysis; if it is late, the oldest wait in the socket.
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t some, room;
    struct frame frames[QUEUE];
    unsigned first, count;
    int closed;
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {{0}}, 0, 0, 0};

static struct bed beds[BEDS];
static float window[POINTS];
static float complex turn[POINTS / 2];
static uint16_t reversed[POINTS];

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void enqueue(const struct frame *frames, unsigned count) {
    pthread_mutex_lock(&queue.mutex);
    for (unsigned i = 0; i < count; i++) {
        while (queue.count == QUEUE)
            pthread_cond_wait(&queue.room, &queue.mutex);
        queue.frames[(queue.first + queue.count++) % QUEUE] = frames[i];
    }
    pthread_cond_signal(&queue.some);
    pthread_mutex_unlock(&queue.mutex);
}

static unsigned dequeue(struct frame *frames, unsigned most) {
    pthread_mutex_lock(&queue.mutex);
    while (!queue.count && !queue.closed)
        pthread_cond_wait(&queue.some, &queue.mutex);
    unsigned count = queue.count < most ? queue.count : most;
    for (unsigned i = 0; i < count; i++)
        frames[i] = queue.frames[(queue.first + i) % QUEUE];
    queue.first = (queue.first + count) % QUEUE;
    queue.count -= count;
    pthread_cond_signal(&queue.room);
    pthread_mutex_unlock(&queue.mutex);
    return count;
}

static void *receive(void *argument) {
    int line = *(int *)argument;
    static char bytes[1 << 16];
    static struct frame frames[sizeof bytes / sizeof(struct frame)];
    size_t kept = 0;
    ssize_t got;
    while ((got = read(line, bytes + kept, sizeof bytes - kept)) > 0) {
        kept += (size_t)got;
        unsigned count = (unsigned)(kept / sizeof(struct frame));
        memcpy(frames, bytes, count * sizeof(struct frame));
        if (count)
            enqueue(frames, count);
        kept -= count * sizeof(struct frame);
        memmove(bytes, bytes + count * sizeof(struct frame), kept);
    }
    pthread_mutex_lock(&queue.mutex);
    queue.closed = 1;
    pthread_cond_signal(&queue.some);
    pthread_mutex_unlock(&queue.mutex);
    return NULL;
}

static void prepare(void) {
    const double circle = 2 * acos(-1);
    for (int i = 0; i < POINTS; i++) {
        window[i] = (float)(0.5 - 0.5 * cos(circle * i / POINTS));
        for (int bit = 1, from = POINTS / 2; bit < POINTS; bit <<= 1, from >>= 1)
            if (i & bit)
                reversed[i] |= (uint16_t)from;
    }
    for (int i = 0; i < POINTS / 2; i++)
        turn[i] = (float complex)cexp(-I * circle * i / POINTS);
}

static void transform(float complex *values) {
    for (int size = 2; size <= POINTS; size <<= 1) {
        int half = size / 2, stride = POINTS / size;
        for (int from = 0; from < POINTS; from += size) {
            for (int i = 0; i < half; i++) {
                float complex t = turn[i * stride], b = values[from + i + half], a = values[from + i];
                float re = crealf(t) * crealf(b) - cimagf(t) * cimagf(b);
                float im = crealf(t) * cimagf(b) + cimagf(t) * crealf(b);
                values[from + i] = CMPLXF(crealf(a) + re, cimagf(a) + im);
                values[from + i + half] = CMPLXF(crealf(a) - re, cimagf(a) - im);
            }
        }
    }
}

static float power(float complex value) { return crealf(value) * crealf(value) + cimagf(value) * cimagf(value); }

// The strongest line of the spectrum between two frequencies, in Hz.
static double strongest(const float complex *spectrum, double low, double high) {
    int first = (int)(low * POINTS / RATE), last = (int)(high * POINTS / RATE), best = first;
    for (int i = first; i <= last; i++)
        if (power(spectrum[i]) > power(spectrum[best]))
            best = i;
    return (double)best * RATE / POINTS;
}

static void analyse(struct bed *b) {
    static float complex values[POINTS];
    for (unsigned i = 0; i < POINTS; i++)
        values[reversed[i]] = b->recent[(b->at + i) % POINTS] * window[i];
    transform(values);
    b->sway = 0.9 * b->sway + 0.1 * strongest(values, 1, 8);
    b->ringing = 0.9 * b->ringing + 0.1 * strongest(values, 100, 2000);
}

static void take_sample(struct bed *b, float force) {
    b->steady += (force - b->steady) * 0.001f;
    b->swing += (force - b->steady - b->swing) * 0.3f;
    b->recent[b->at] = b->swing;
    b->at = (b->at + 1) % POINTS;
    if (force < LIGHT) {
        b->airborne++;
        return;
    }
    if (b->airborne > RATE / 5) {
        float half = (float)b->airborne / RATE / 2;
        b->height = 9.81f / 2 * half * half;
        b->best = b->height > b->best ? b->height : b->best;
        b->jumps++;
    }
    b->airborne = 0;
}

static void take_frame(const struct frame *f) {
    if (f->bed >= BEDS)
        return;
    struct bed *b = &beds[f->bed];
    b->lost += b->frames++ ? f->sequence - b->expected : 0;
    b->expected = f->sequence + 1;
    for (int i = 0; i < HOP; i++)
        take_sample(b, f->force[i]);
    analyse(b);
}

static void report(void) {
    FILE *out = fopen("beds.tmp", "w");
    if (!out) {
        perror("beds.tmp");
        return;
    }
    for (int i = 0; i < BEDS; i++) {
        const struct bed *b = &beds[i];
        fprintf(out, "bed %d sways %.2f Hz, rings %.0f Hz, %u jumps, last %.2f m, best %.2f m, %u lost\n", i, b->sway,
                b->ringing, b->jumps, b->height, b->best, b->lost);
    }
    if (fclose(out) || rename("beds.tmp", "beds.txt"))
        perror("beds.txt");
}

// The park: people of different weights jump, each at a pace of their own.
static int jump(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int line = socket(AF_INET, SOCK_STREAM, 0);
    if (line < 0 || connect(line, (struct sockaddr *)&to, sizeof to))
        return 1;
    static struct frame frames[BEDS];
    int64_t due = now_ms();
    for (uint32_t sequence = 0;; sequence++) {
        for (unsigned bed = 0; bed < BEDS; bed++) {
            frames[bed].bed = (uint16_t)bed, frames[bed].sequence = sequence;
            unsigned pace = 7500 + bed * 100;
            for (unsigned i = 0; i < HOP; i++) {
                unsigned phase = (sequence * HOP + i) % pace, landed = pace * 6 / 10;
                int load = phase < landed ? 0 : (int)((phase - landed) * (pace - phase) / 500);
                int ring = (int)((i * (3 + bed % 5)) % 16) * 8;
                frames[bed].force[i] = (int16_t)((load > 30000 ? 30000 : load) + ring + rand() % 32);
            }
        }
        if (write(line, frames, sizeof frames) != sizeof frames)
            return 1;
        due += HOP * 1000 / RATE;
        int64_t left = due - now_ms();
        if (left > 0)
            usleep((useconds_t)left * 1000);
    }
}

int main(int argc, char **argv) {
    if (argc > 1)
        return jump(atoi(argv[1]));
    prepare();
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, size) || listen(listener, 4) ||
        getsockname(listener, (struct sockaddr *)&at, &size)) {
        perror("socket");
        return 1;
    }
    char self[512], command[640];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        return 1;
    self[length] = 0;
    snprintf(command, sizeof command, "'%s' %d >/dev/null 2>&1 &", self, ntohs(at.sin_port));
    if (system(command))
        return 1;
    int line = accept(listener, NULL, NULL);
    pthread_t receiver;
    if (line < 0 || pthread_create(&receiver, NULL, receive, &line))
        return 1;
    int64_t next = now_ms() + 1000;
    int seconds = 0;
    struct frame frames[BEDS];
    for (unsigned count; (count = dequeue(frames, BEDS));) {
        for (unsigned i = 0; i < count; i++)
            take_frame(&frames[i]);
        if (now_ms() >= next) {
            next += 1000;
            report();
            if (++seconds == 2) {
                printf("ready %d\n", getpid());
                fflush(stdout);
            }
        }
    }
    return pthread_join(receiver, NULL);
}
