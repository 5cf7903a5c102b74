// bench: healthy build: -lm
// Follows llamas on guided treks: each collar keeps a TCP connection and sends a fix 25 times a second; it is answered
// with "ok" or with what the guide is to do (the llama strays from the path, stands still, runs). An event loop in one
// thread. Looks costly, and is as it should be: a few system calls per fix, a scan of the 16 waypoints of the trek for
// each, the last 64 fixes of each llama in a ring that was there from the start, a malloc and a free per alert, and once
// a second a summary that is written in one piece and renamed.
//
// Measured: 1750 fixes a second; CPU 1.5 % of a core, 2.4 MiB.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
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

enum { LLAMAS = 70, WAYPOINTS = 16, RING = 64, PER_SECOND = 25, ALERTS = 32 };

struct point {
    double x, y;
};

struct fix {
    struct point at;
    double pulse, when;
};

struct llama {
    struct fix ring[RING];
    unsigned long fixes;
    double walked;
};

struct collar {
    int line;
    int llama;
    size_t have;
    char text[1024];
};

static struct llama llamas[LLAMAS];
static struct point path[WAYPOINTS];
static char *alerts[ALERTS];  // the last ones, oldest overwritten
static unsigned long alerted, nonsense;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void lay_path(void) {
    for (int i = 0; i < WAYPOINTS; i++) path[i] = (struct point){i * 120.0, 60 * sin(i * 0.9)};
}

static double from_path(struct point p) {
    double least = 1e9;
    for (int i = 0; i + 1 < WAYPOINTS; i++) {
        double dx = path[i + 1].x - path[i].x, dy = path[i + 1].y - path[i].y;
        double t = ((p.x - path[i].x) * dx + (p.y - path[i].y) * dy) / (dx * dx + dy * dy);
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        double away = hypot(p.x - path[i].x - t * dx, p.y - path[i].y - t * dy);
        if (away < least) least = away;
    }
    return least;
}

// How fast the llama went over the last fixes in its ring, in metres a second.
static double pace(const struct llama *it, int over) {
    if (it->fixes < 2) return 0;
    if ((unsigned long)over >= it->fixes) over = it->fixes - 1;
    const struct fix *last = &it->ring[(it->fixes - 1) % RING], *first = &it->ring[(it->fixes - 1 - over) % RING];
    double took = last->when - first->when;
    return took > 0 ? hypot(last->at.x - first->at.x, last->at.y - first->at.y) / took : 0;
}

static void alert(int llama, const char *what, double value) {
    char *text;
    if (asprintf(&text, "llama %d %s (%.1f)", llama, what, value) < 0) die("asprintf");
    free(alerts[alerted % ALERTS]);
    alerts[alerted++ % ALERTS] = text;
}

static const char *judge(int number, const struct fix *fix) {
    struct llama *it = &llamas[number];
    if (it->fixes) {
        const struct fix *last = &it->ring[(it->fixes - 1) % RING];
        it->walked += hypot(fix->at.x - last->at.x, fix->at.y - last->at.y);
    }
    it->ring[it->fixes++ % RING] = *fix;
    double away = from_path(fix->at), speed = pace(it, 50);
    if (away > 25) {
        alert(number, "strays", away);
        return "lead back\n";
    }
    if (speed > 4) {
        alert(number, "runs", speed);
        return "hold\n";
    }
    return it->fixes > RING && speed < 0.02 ? "look after\n" : "ok\n";
}

// Answer all whole lines that a collar sent, with one write; false when it is gone.
static bool hear(struct collar *collar) {
    ssize_t got = read(collar->line, collar->text + collar->have, sizeof collar->text - collar->have - 1);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    collar->have += got;
    collar->text[collar->have] = 0;
    char answer[512];
    size_t size = 0;
    char *line = collar->text, *end;
    while ((end = strchr(line, '\n'))) {
        *end = 0;
        struct fix fix = {.when = now()};
        int llama;
        if (sscanf(line, "%d %lf %lf %lf", &llama, &fix.at.x, &fix.at.y, &fix.pulse) == 4 && llama >= 0 &&
            llama < LLAMAS) {
            collar->llama = llama;
            const char *said = judge(llama, &fix);
            size_t length = strlen(said);
            if (size + length <= sizeof answer) {
                memcpy(answer + size, said, length);
                size += length;
            }
        } else {
            nonsense++;
        }
        line = end + 1;
    }
    collar->have = collar->text + collar->have - line;
    memmove(collar->text, line, collar->have);
    if (collar->have + 1 >= sizeof collar->text) return false;
    return !size || send(collar->line, answer, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void summary(void) {
    static char text[16384];
    size_t size = 0;
    unsigned long fixes = 0;
    for (int i = 0; i < LLAMAS && size < sizeof text - 200; i++) {
        fixes += llamas[i].fixes;
        size += snprintf(text + size, sizeof text - size, "llama %d: %.0f m, %.2f m/s\n", i, llamas[i].walked,
                         pace(&llamas[i], RING - 1));
    }
    const char *last = alerted ? alerts[(alerted - 1) % ALERTS] : "none";
    size += snprintf(text + size, sizeof text - size, "%lu fixes, %lu alerts, last: %s\n", fixes, alerted, last);
    FILE *out = fopen("treks.new", "w");
    if (!out || fwrite(text, 1, size, out) != size || fclose(out) || rename("treks.new", "treks.txt")) die("treks.txt");
}

static void welcome(int door, int events) {
    int line = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), yes = 1;
    if (line < 0) return;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct collar *collar = calloc(1, sizeof *collar);
    if (!collar) die("calloc");
    collar->line = line;
    struct epoll_event event = {EPOLLIN, {.ptr = collar}};
    epoll_ctl(events, EPOLL_CTL_ADD, line, &event);
}

// The collars, in a process of their own.
static void collars(int port) {
    int lines[LLAMAS];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < LLAMAS; i++) {
        int yes = 1;
        lines[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(lines[i], (struct sockaddr *)&to, sizeof to)) die("connect");
        setsockopt(lines[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    double due = now();
    char text[256];
    for (long turn = 0;; turn++) {
        int i = turn % LLAMAS;
        double along = fmod(turn / LLAMAS * 0.12 + i * 23, (WAYPOINTS - 1) * 120.0);
        double aside = 60 * sin(along / 120 * 0.9) + 24 * sin(turn / 4000.0 + i);
        int size = snprintf(text, sizeof text, "%d %.2f %.2f %.0f\n", i, along, aside, 60 + 10 * sin(i));
        if (send(lines[i], text, size, 0) != size) exit(1);
        while (recv(lines[i], text, sizeof text, MSG_DONTWAIT) > 0) continue;
        due += 1.0 / (PER_SECOND * LLAMAS);
        double left = due - now();
        if (left > 0) usleep(left * 1e6);
    }
}

static void start_outside(int port) {
    char self[3000], command[3200];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) die("readlink");
    self[n] = 0;
    snprintf(command, sizeof command, "'%s' collars %d >/dev/null 2>&1 &", self, port);
    if (system(command)) die("sh");
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "collars")) collars(atoi(argv[2]));
    lay_path();
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(door, (struct sockaddr *)&at, size) || listen(door, 128)) die("listen");
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
        struct epoll_event come[64];
        int n = epoll_wait(events, come, 64, -1);
        if (n < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (come[i].data.ptr == &clock) {
                uint64_t ticks;
                if (read(clock, &ticks, sizeof ticks) < 0) continue;
                summary();
                if (++seconds == 2) {
                    printf("ready %d\n", getpid());
                    fflush(stdout);
                }
            } else if (come[i].data.ptr == &door) {
                welcome(door, events);
            } else if (!hear(come[i].data.ptr)) {
                struct collar *collar = come[i].data.ptr;
                close(collar->line);
                free(collar);
            }
        }
    }
}
