// expect: pattern=memory-growth bench build: -lm
// Watches the butter cows of a state fair: a scanner in each cold case sends height maps of the sculpture over TCP, a
// few dozen a second; from each map and those shortly before it is worked out how much the butter sags, and where.
// Once a second the state of all cases is written to a file for the refrigeration desk.
//
// Measured: grows by 3.5 MiB a second, the twin stays at 3.1 MiB; CPU 1 % of a core in both.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CASES = 10, WIDE = 96, HIGH = 64, POINTS = WIDE * HIGH, RATE = 30, LOOK_BACK = 8, MAGIC = 0xB077 };

struct header {
    uint16_t magic, cold_case;
    uint32_t number;
    uint32_t points;
};

struct frame {
    struct header header;
    uint16_t heights[POINTS];  // tenths of a millimetre
};

struct scan {
    struct scan *older;
    uint32_t number;
    double volume;
    uint16_t heights[POINTS];
};

struct cold_case {
    struct scan *newest;
    unsigned long scans, refused;
    double sag, rough;
    int sag_row;
};

struct scanner {
    int line;
    size_t have;
    struct frame frame;
};

static struct cold_case cases[CASES];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double volume_of(const uint16_t *heights) {
    uint64_t sum = 0;
    for (int i = 0; i < POINTS; i++) sum += heights[i];
    return sum / 10.0 * 4.0;  // a point stands for 4 mm2
}

static double roughness_of(const uint16_t *heights) {
    uint64_t steps = 0;
    for (int row = 0; row < HIGH; row++) {
        const uint16_t *at = heights + row * WIDE;
        for (int i = 1; i < WIDE; i++) steps += at[i] > at[i - 1] ? at[i] - at[i - 1] : at[i - 1] - at[i];
    }
    return steps / 10.0 / POINTS;
}

static struct scan *scan_of(const struct frame *frame) {
    struct scan *scan = malloc(sizeof *scan);  // <- cost
    if (!scan) return NULL;
    scan->number = frame->header.number;
    memcpy(scan->heights, frame->heights, sizeof scan->heights);
    scan->volume = volume_of(scan->heights);
    scan->older = NULL;
    return scan;
}

// The scan that many steps before the newest; the oldest if there are not so many.
static const struct scan *earlier(const struct cold_case *it, int steps) {
    const struct scan *scan = it->newest;
    while (scan && steps-- > 0 && scan->older) scan = scan->older;
    return scan;
}

static void remember(struct cold_case *it, struct scan *scan) {
    scan->older = it->newest;
    it->newest = scan;  // <- cost
}

// How far the butter came down on average since then, and in which row most.
static void compare(struct cold_case *it, const struct scan *before, const struct scan *scan) {
    long most = -1;
    for (int row = 0; row < HIGH; row++) {
        long down = 0;
        for (int i = row * WIDE; i < (row + 1) * WIDE; i++) down += before->heights[i] - scan->heights[i];
        if (down > most) {
            most = down;
            it->sag_row = row;
        }
    }
    double lost = before->volume - scan->volume;
    it->sag = 0.95 * it->sag + 0.05 * lost / (POINTS * 4.0);
}

static bool take(const struct frame *frame) {
    const struct header *header = &frame->header;
    if (header->magic != MAGIC || header->cold_case >= CASES || header->points != POINTS) return false;
    struct cold_case *it = &cases[header->cold_case];
    if (it->newest && header->number <= it->newest->number) {
        it->refused++;  // sent twice
        return true;
    }
    struct scan *scan = scan_of(frame);  // <- cost
    if (!scan) return false;
    remember(it, scan);  // <- cost
    compare(it, earlier(it, LOOK_BACK), scan);
    it->rough = 0.9 * it->rough + 0.1 * roughness_of(scan->heights);
    it->scans++;
    return true;
}

// Take what a scanner sent; false when it is gone or talks nonsense.
static bool hear(struct scanner *scanner) {
    for (;;) {
        char *into = (char *)&scanner->frame + scanner->have;
        ssize_t got = recv(scanner->line, into, sizeof scanner->frame - scanner->have, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
        if (got <= 0) return false;
        scanner->have += got;
        if (scanner->have < sizeof scanner->frame) return true;
        scanner->have = 0;
        if (!take(&scanner->frame)) return false;
    }
}

static void report(void) {
    FILE *out = fopen("cases.new", "w");
    if (!out) die("cases.new");
    for (int i = 0; i < CASES; i++) {
        const struct cold_case *it = &cases[i];
        double volume = it->newest ? it->newest->volume / 1e6 : 0;
        fprintf(out, "case %d: %lu scans, %lu refused, %.3f l, sag %.4f mm (row %d), rough %.2f mm%s\n", i, it->scans,
                it->refused, volume, it->sag, it->sag_row, it->rough, fabs(it->sag) > 0.8 ? " ALARM" : "");
    }
    if (fclose(out) || rename("cases.new", "cases.txt")) die("cases.txt");
}

static struct scanner *welcome(int door) {
    int line = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    if (line < 0) return NULL;
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (!scanner) die("calloc");
    scanner->line = line;
    return scanner;
}

// The scanners of the fair, in a process of their own: each case is scanned so many times a second.
static void scan_cases(int port) {
    static struct frame frames[CASES];
    int lines[CASES];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < CASES; i++) {
        lines[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(lines[i], (struct sockaddr *)&to, sizeof to)) die("connect");
        frames[i].header = (struct header){MAGIC, i, 0, POINTS};
        for (int p = 0; p < POINTS; p++) frames[i].heights[p] = 4000 + 1500 * sin(p % WIDE / 15.0 + i) + p / WIDE * 20;
    }
    double due = now();
    for (long turn = 0;; turn++) {
        struct frame *frame = &frames[turn % CASES];
        frame->header.number++;
        for (int p = turn * 7 % 5; p < POINTS; p += 11) frame->heights[p] += turn % 3 - 1;
        for (size_t sent = 0; sent < sizeof *frame;) {
            ssize_t done = send(lines[turn % CASES], (char *)frame + sent, sizeof *frame - sent, 0);
            if (done <= 0) exit(1);
            sent += done;
        }
        due += 1.0 / (RATE * CASES);
        double left = due - now();
        if (left > 0) usleep(left * 1e6);
    }
}

static void start_outside(int port) {
    char self[3000], command[3200];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) die("readlink");
    self[n] = 0;
    snprintf(command, sizeof command, "'%s' scan %d >/dev/null 2>&1 &", self, port);
    if (system(command)) die("sh");
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "scan")) scan_cases(atoi(argv[2]));
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(door, (struct sockaddr *)&at, size) || listen(door, 64)) die("listen");
    getsockname(door, (struct sockaddr *)&at, &size);
    int clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec each = {{1, 0}, {1, 0}};
    timerfd_settime(clock, 0, &each, NULL);
    int events = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event door_event = {EPOLLIN, {.ptr = &door}}, clock_event = {EPOLLIN, {.ptr = &clock}};
    epoll_ctl(events, EPOLL_CTL_ADD, door, &door_event);
    epoll_ctl(events, EPOLL_CTL_ADD, clock, &clock_event);
    start_outside(ntohs(at.sin_port));
    for (int seconds = 0;;) {
        struct epoll_event come[16];
        int n = epoll_wait(events, come, 16, -1);
        if (n < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (come[i].data.ptr == &clock) {
                uint64_t ticks;
                if (read(clock, &ticks, sizeof ticks) < 0) continue;
                report();
                if (++seconds == 2) {
                    printf("ready %d\n", getpid());
                    fflush(stdout);
                }
            } else if (come[i].data.ptr == &door) {
                struct scanner *scanner = welcome(door);
                struct epoll_event event = {EPOLLIN, {.ptr = scanner}};
                if (scanner) epoll_ctl(events, EPOLL_CTL_ADD, scanner->line, &event);
            } else if (!hear(come[i].data.ptr)) {
                struct scanner *scanner = come[i].data.ptr;
                close(scanner->line);
                free(scanner);
            }
        }
    }
}
