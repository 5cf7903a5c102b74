// bench: healthy
// Listens to the wind chimes that a workshop tunes: microphones at the benches send sound, five milliseconds a packet,
// and for each bench the tones of the scale are followed in it, so that a strike, its pitch and its decay can be shown.
// (A loop for each tone, which is what is to be done; the strikes of an hour go to a file, buffered.)
//
// Measured: 4800 packets a second take 27 % of a core; 2.4 MiB.
#include <arpa/inet.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BENCHES = 24, TONES = 84, PACKET = 240, HERTZ = 48000, WINDOW = 8, RECENT = 16 };

struct packet {
    uint32_t bench, number;
    int16_t sound[PACKET];
};

/* One tone of the scale at one bench: a resonator (after Goertzel), and how strong the tone was in the last windows. */
struct tone {
    float turn, now, before;
    float level[WINDOW];
    float noise;
};

struct bench {
    struct tone tones[TONES];
    uint32_t next, lost;
    int window, packets;
    float loudest;
};

struct strike {
    int bench, tone;
    float level, decay;
    time_t at;
};

struct workshop {
    struct bench benches[BENCHES];
    struct strike recent[RECENT];
    long strikes, packets, refused;
    FILE *book;
};

static double pitch_of(int tone) { return 110.0 * pow(2, tone / 12.0); }

static void prepare(struct workshop *shop) {
    for (int i = 0; i < BENCHES; i++) {
        for (int n = 0; n < TONES; n++) {
            shop->benches[i].tones[n].turn = (float)(2 * cos(6.283185307 * pitch_of(n) / HERTZ));
            shop->benches[i].tones[n].noise = 1e-4f;
        }
    }
}

/* Let a tone swing with the sound of a packet. */
static void swing(struct tone *tone, const float *sound) {
    float now = tone->now, before = tone->before, turn = tone->turn;
    for (int i = 0; i < PACKET; i++) {
        float next = sound[i] + turn * now - before;
        before = now;
        now = next;
    }
    tone->now = now;
    tone->before = before;
}

static float take_level(struct tone *tone) {
    float power = tone->now * tone->now + tone->before * tone->before - tone->turn * tone->now * tone->before;
    tone->now = tone->before = 0;
    return power / (PACKET * 4.0f * PACKET * 4.0f);
}

/* A bench is struck seldom: the same tone within a second is still the same strike. */
static int is_known(const struct workshop *shop, int bench, int tone, time_t now) {
    for (int i = 0; i < RECENT; i++) {
        const struct strike *strike = &shop->recent[i];
        if (strike->bench == bench && strike->tone == tone && now - strike->at < 2) return 1;
    }
    return 0;
}

static void note(struct workshop *shop, int bench, int tone, float level, float decay) {
    time_t now = time(NULL);
    if (is_known(shop, bench, tone, now)) return;
    shop->recent[shop->strikes++ % RECENT] = (struct strike){bench, tone, level, decay, now};
    fprintf(shop->book, "%ld bench %d %.2f Hz level %.4f decay %.3f\n", (long)now, bench, pitch_of(tone), level, decay);
}

/* After four packets a window is full: look which tones stand out from their noise and their neighbours. */
static void close_window(struct workshop *shop, int number) {
    struct bench *bench = &shop->benches[number];
    int at = bench->window++ % WINDOW;
    for (int n = 0; n < TONES; n++) {
        struct tone *tone = &bench->tones[n];
        tone->level[at] = take_level(tone);
        tone->noise += (tone->level[at] - tone->noise) * 0.002f;
    }
    for (int n = 1; n < TONES - 1; n++) {
        const struct tone *tone = &bench->tones[n];
        float level = tone->level[at], earlier = tone->level[(at + WINDOW - 3) % WINDOW];
        if (level < 30 * tone->noise || level < tone[-1].level[at] || level < tone[1].level[at]) continue;
        if (level > bench->loudest) bench->loudest = level;
        note(shop, number, n, level, earlier > 0 ? logf(level / earlier) : 0);
    }
}

static void hear(struct workshop *shop, const struct packet *packet, ssize_t size) {
    if (size != sizeof *packet || packet->bench >= BENCHES) {
        shop->refused++;
        return;
    }
    struct bench *bench = &shop->benches[packet->bench];
    if (packet->number > bench->next) bench->lost += packet->number - bench->next;
    bench->next = packet->number + 1;
    float sound[PACKET];
    for (int i = 0; i < PACKET; i++) sound[i] = packet->sound[i] / 32768.0f;
    for (int n = 0; n < TONES; n++) swing(&bench->tones[n], sound);
    shop->packets++;
    if (++bench->packets % 4 == 0) close_window(shop, packet->bench);
}

static void second(struct workshop *shop, long seconds) {
    for (int i = 0; i < BENCHES; i++) shop->benches[i].loudest *= 0.8f;
    if (seconds % 10) return;
    fflush(shop->book);
    if (seconds % 3600 == 0) shop->book = freopen("strikes.txt", "w", shop->book);
    if (seconds % 60) return;
    fprintf(stderr, "%ld packets, %ld strikes, %ld refused\n", shop->packets, shop->strikes, shop->refused);
}

/* The microphones, in a process of their own: at each bench a chime is struck every three seconds, and rings. */
static int microphones(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(line, (struct sockaddr *)&to, sizeof to)) return 1;
    static int16_t ring[3 * HERTZ];
    for (int i = 0; i < 3 * HERTZ; i++) {
        double t = (double)i / HERTZ;
        double sound = sin(6.283185307 * 440 * t) * exp(-2 * t) + 0.4 * sin(6.283185307 * 1244.5 * t) * exp(-4 * t);
        ring[i] = (int16_t)(9000 * sound + (i * 7919 % 61) - 30);
    }
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (uint32_t number = 0;; number++) {
        for (int bench = 0; bench < BENCHES; bench++) {
            struct packet packet = {.bench = bench, .number = number};
            int from = (number + bench * 50) % (3 * HERTZ / PACKET) * PACKET;
            memcpy(packet.sound, ring + from, sizeof packet.sound);
            if (send(line, &packet, sizeof packet, 0) < 0) return 0;
        }
        due.tv_nsec += 5000000;
        if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}

static int watch(int events, int line) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = line};
    return epoll_ctl(events, EPOLL_CTL_ADD, line, &event);
}

int main(int count, char **words) {
    if (count > 2 && !strcmp(words[1], "microphones")) return microphones(atoi(words[2]));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    static struct workshop shop;
    char self[512] = "", command[640];
    int line = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), events = epoll_create1(EPOLL_CLOEXEC);
    int clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec each = {.it_interval.tv_sec = 1, .it_value.tv_sec = 1};
    if (bind(line, (struct sockaddr *)&address, size) || timerfd_settime(clock, 0, &each, NULL)) return 1;
    if (watch(events, line) || watch(events, clock) || !(shop.book = fopen("strikes.txt", "w"))) return 1;
    getsockname(line, (struct sockaddr *)&address, &size);
    prepare(&shop);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 1;
    int port = ntohs(address.sin_port);
    snprintf(command, sizeof command, "'%s' microphones %d </dev/null >/dev/null 2>&1 &", self, port);
    if (system(command)) return 1;
    for (long seconds = 0;;) {
        struct epoll_event ready[2];
        int number = epoll_wait(events, ready, 2, -1);
        for (int i = 0; i < number; i++) {
            if (ready[i].data.fd == line) {
                struct packet packet;
                ssize_t got;
                while ((got = recv(line, &packet, sizeof packet, MSG_DONTWAIT)) > 0) hear(&shop, &packet, got);
                continue;
            }
            uint64_t passed;
            if (read(clock, &passed, sizeof passed) != sizeof passed) return 1;
            second(&shop, ++seconds);
            if (seconds == 4) {
                printf("ready %d\n", getpid());
                fflush(stdout);
            }
        }
    }
}
