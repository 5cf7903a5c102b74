// expect: pattern=hot-loop bench
// Watches the neon tubes over a casino: each transformer sends the current through its tube, 2000 samples a second,
// and for each sample the watch says how bright the tube has been (the root of the mean square of the last five
// seconds). It counts how often a tube goes dim, and tells how well its transformer keeps the frequency.
//
// Measured: CPU 40 % of a core, in the twin 0.4 %; both take 96,000 samples a second, and write the same report.
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TUBES = 48, WINDOW = 10000, CHUNK = 40, BARS = 16, DIM = 2600, BRIGHT = 2900 };

struct frame {
    uint16_t tube, count;
    uint32_t sequence, checksum;
    int16_t samples[CHUNK];
};

struct tube {
    int16_t recent[WINDOW]; // a ring
    uint32_t at, filled;
    int16_t last;
    int lit;
    uint32_t expected, lost, flickers, crossings, samples;
    uint32_t bars[BARS]; // how often it was how bright
};

struct watch {
    struct tube tubes[TUBES];
    uint64_t frames, damaged;
};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t checksum(const struct frame *f) {
    uint32_t a = 1, b = 0;
    for (int i = 0; i < f->count; i++) {
        a = (a + (uint16_t)f->samples[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static uint32_t root(uint64_t square) {
    uint64_t bit = 1ull << 30, result = 0;
    for (; bit > square; bit >>= 2)
        ;
    for (; bit; bit >>= 2) {
        if (square >= result + bit) {
            square -= result + bit;
            result = (result >> 1) + bit;
        } else {
            result >>= 1;
        }
    }
    return (uint32_t)result;
}

static void remember(struct tube *t, int16_t sample) {
    t->recent[t->at] = sample;
    t->at = t->at + 1 == WINDOW ? 0 : t->at + 1;
    if (t->filled < WINDOW)
        t->filled++;
}

static uint32_t brightness(const struct tube *t) {
    uint64_t power = 0;
    for (uint32_t i = 0; i < t->filled; i++) // <- cost
        power += (uint32_t)(t->recent[i] * t->recent[i]); // <- cost
    return root(power / t->filled);
}

static void take_sample(struct tube *t, int16_t sample) {
    remember(t, sample);
    uint32_t bright = brightness(t); // <- cost
    if (t->lit && bright < DIM) {
        t->lit = 0;
        t->flickers++;
    } else if (!t->lit && bright > BRIGHT) {
        t->lit = 1;
    }
    uint32_t bar = bright / 256;
    t->bars[bar < BARS ? bar : BARS - 1]++;
    if ((t->last < 0) != (sample < 0))
        t->crossings++;
    t->last = sample;
    t->samples++;
}

static void take_frame(struct watch *w, const struct frame *f) {
    w->frames++;
    if (f->tube >= TUBES || f->count > CHUNK || checksum(f) != f->checksum) {
        w->damaged++;
        return;
    }
    struct tube *t = &w->tubes[f->tube];
    if (t->expected && f->sequence != t->expected)
        t->lost += f->sequence - t->expected;
    t->expected = f->sequence + 1;
    for (int i = 0; i < f->count; i++)
        take_sample(t, f->samples[i]);
}

static int report(const struct watch *w) {
    FILE *out = fopen("tubes.tmp", "w");
    if (!out)
        return -1;
    fprintf(out, "frames %llu damaged %llu\n", (unsigned long long)w->frames, (unsigned long long)w->damaged);
    for (int i = 0; i < TUBES; i++) {
        const struct tube *t = &w->tubes[i];
        uint32_t usual = 0;
        for (uint32_t bar = 1; bar < BARS; bar++)
            if (t->bars[bar] > t->bars[usual])
                usual = bar;
        fprintf(out, "%d %s %.2f Hz flickers %u lost %u usually %u\n", i, t->lit ? "lit" : "dark",
                t->samples ? t->crossings * 1000.0 / t->samples : 0.0, t->flickers, t->lost, usual * 256);
    }
    return fclose(out) || rename("tubes.tmp", "tubes.txt");
}

static size_t take_bytes(struct watch *w, char *bytes, size_t size) {
    size_t used = 0;
    for (; size - used >= sizeof(struct frame); used += sizeof(struct frame)) {
        struct frame f;
        memcpy(&f, bytes + used, sizeof f);
        take_frame(w, &f);
    }
    memmove(bytes, bytes + used, size - used);
    return size - used;
}

static int watch_line(struct watch *w, int line) {
    static char bytes[1 << 16];
    size_t kept = 0;
    int64_t start = now_ms(), next = start + 1000;
    int told = 0;
    for (;;) {
        struct pollfd waiting = {.fd = line, .events = POLLIN};
        int64_t left = next - now_ms();
        if (poll(&waiting, 1, left > 0 ? (int)left : 0) < 0 && errno != EINTR)
            return -1;
        if (waiting.revents) {
            ssize_t got = read(line, bytes + kept, sizeof bytes - kept);
            if (got <= 0)
                return (int)got;
            kept = take_bytes(w, bytes, kept + (size_t)got);
        }
        if (now_ms() >= next) {
            next += 1000;
            if (report(w))
                perror("tubes.txt");
        }
        if (!told && now_ms() - start > 6000) { // the windows are full
            printf("ready %d\n", getpid());
            fflush(stdout);
            told = 1;
        }
    }
}

// The transformers over the casino: 50 Hz each, some of them weak from time to time.
static int transformers(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int line = socket(AF_INET, SOCK_STREAM, 0);
    if (line < 0 || connect(line, (struct sockaddr *)&to, sizeof to))
        return 1;
    static struct frame frames[TUBES];
    int64_t due = now_ms();
    for (uint32_t sequence = 0;; sequence++) {
        for (int i = 0; i < TUBES; i++) {
            struct frame *f = &frames[i];
            f->tube = (uint16_t)i, f->count = CHUNK, f->sequence = sequence;
            int weak = (sequence / 250 + (uint32_t)i) % 9 == 0;
            for (int at = 0; at < CHUNK; at++) {
                int slope = (at < 20 ? at : at - 20) - 10;
                int value = 5000 - slope * slope * 50;
                f->samples[at] = (int16_t)((at < 20 ? value : -value) / (weak ? 4 : 1) + rand() % 64);
            }
            f->checksum = checksum(f);
        }
        if (write(line, frames, sizeof frames) != sizeof frames)
            return 1;
        due += CHUNK / 2;
        int64_t left = due - now_ms();
        if (left > 0)
            usleep((useconds_t)left * 1000);
    }
}

int main(int argc, char **argv) {
    if (argc > 1)
        return transformers(atoi(argv[1]));
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
    static struct watch watch;
    return line < 0 || watch_line(&watch, line);
}
