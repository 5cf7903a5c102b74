// bench: healthy
// Counts the turns of garden whirligigs (wooden figures that the wind drives): the post below each sends what its
// sensor felt, line by line over a kept connection; one loop over epoll reads what has come, adds it up by the second,
// and once a second writes the board; it looks then, too, whether the owner has changed the limits.
//
// Measured: 160,000 lines a second in some 400 reads; CPU 1.5 % of a core, 1.7 MiB.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { POSTS = 12, LINES = 400, PACE = 40, INPUT = 16384, HISTORY = 120, EVENTS = 16 };

static const char *const figures[POSTS] = {"sawyer", "washer", "goose", "rower", "miller", "cyclist",
                                           "piper", "angler", "heron", "smith", "bear", "witch"};

struct figure {
    unsigned turns[HISTORY], gust[HISTORY];
    uint64_t total;
};

struct post {
    int line;
    size_t filled;
    char input[INPUT];
};

struct garden {
    struct figure figures[POSTS];
    struct post posts[POSTS];
    unsigned connected, second, limit;
    time_t limits_changed;
    uint64_t lines, unreadable, over;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* A dozen names: it is not worth an index. */
static int figure_of(const char *name, size_t size)
{
    for (int at = 0; at < POSTS; at++)
        if (strlen(figures[at]) == size && !memcmp(figures[at], name, size))
            return at;
    return -1;
}

/* "heron 3 41": three turns, in a gust of 41 (a tenth of a metre a second). */
static void take(struct garden *garden, const char *line, const char *end)
{
    const char *blank = memchr(line, ' ', (size_t)(end - line));
    int which = blank ? figure_of(line, (size_t)(blank - line)) : -1;
    char *next;
    garden->lines++;
    if (which < 0) {
        garden->unreadable++;
        return;
    }
    unsigned turns = (unsigned)strtoul(blank + 1, &next, 10), gust = (unsigned)strtoul(next, &next, 10);
    if (next != end) {
        garden->unreadable++;
        return;
    }
    struct figure *figure = &garden->figures[which];
    unsigned now = garden->second % HISTORY;
    figure->turns[now] += turns;
    figure->total += turns;
    if (gust > figure->gust[now])
        figure->gust[now] = gust;
    garden->over += gust > garden->limit;
}

static int read_post(struct garden *garden, struct post *post)
{
    ssize_t got = read(post->line, post->input + post->filled, INPUT - post->filled);
    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    char *from = post->input, *limit = from + post->filled + got, *end;
    while ((end = memchr(from, '\n', (size_t)(limit - from)))) {
        take(garden, from, end);
        from = end + 1;
    }
    post->filled = (size_t)(limit - from);
    if (post->filled == INPUT)
        return 0;
    memmove(post->input, from, post->filled);
    return 1;
}

static void look_at_limits(struct garden *garden)
{
    struct stat state;
    if (stat("limits.conf", &state) || state.st_mtime == garden->limits_changed)
        return;
    FILE *file = fopen("limits.conf", "r");
    if (!file || fscanf(file, "gust %u", &garden->limit) != 1)
        fprintf(stderr, "limits.conf is not readable\n");
    else
        garden->limits_changed = state.st_mtime;
    if (file)
        fclose(file);
}

static void write_board(const struct garden *garden)
{
    FILE *file = fopen("board.new", "w");
    if (!file)
        fail("board.new");
    for (int at = 0; at < POSTS; at++) {
        const struct figure *figure = &garden->figures[at];
        unsigned turns = 0, gust = 0;
        for (int second = 0; second < HISTORY; second++) {
            turns += figure->turns[second];
            gust = figure->gust[second] > gust ? figure->gust[second] : gust;
        }
        fprintf(file, "%-8s %7u turns in two minutes, gusts up to %u.%u m/s, %llu turns in all\n", figures[at], turns,
                gust / 10, gust % 10, (unsigned long long)figure->total);
    }
    fprintf(file, "%llu lines, %llu unreadable, %llu over the limit\n", (unsigned long long)garden->lines,
            (unsigned long long)garden->unreadable, (unsigned long long)garden->over);
    if (fclose(file) || rename("board.new", "board.txt"))
        fail("board.txt");
}

static void each_second(struct garden *garden, int clock)
{
    uint64_t passed;
    if (read(clock, &passed, sizeof passed) != sizeof passed)
        return;
    look_at_limits(garden);
    write_board(garden);
    for (; passed > 0; passed--) {
        unsigned now = ++garden->second % HISTORY;
        for (int at = 0; at < POSTS; at++)
            garden->figures[at].turns[now] = garden->figures[at].gust[now] = 0;
    }
}

/* The program as the posts. */
static void blow(in_port_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int lines[POSTS];
    for (int at = 0; at < POSTS; at++) {
        lines[at] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(lines[at], (struct sockaddr *)&address, sizeof address))
            fail("connect");
    }
    for (unsigned turn = 0;; turn++) {
        int post = (int)(turn % POSTS);
        char text[LINES * 24];
        int size = 0;
        for (unsigned at = 0; at < LINES; at++)
            size += snprintf(text + size, sizeof text - (size_t)size, "%s %u %u\n",
                             at % 71 == 70 ? "?" : figures[post], (turn + at) % 4, (turn * 7 + at * 3) % 140);
        if (write(lines[post], text, (size_t)size) != size)
            exit(0);
        struct timespec pause = {0, 1000000000 / PACE / POSTS - 60000};
        nanosleep(&pause, NULL);
    }
}

int main(int count, char **words)
{
    if (count > 1)
        blow((in_port_t)atoi(words[1]));
    static struct garden garden;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int gate = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    int events = epoll_create1(EPOLL_CLOEXEC);
    if (gate < 0 || clock < 0 || events < 0 || bind(gate, (struct sockaddr *)&address, size) || listen(gate, POSTS) ||
        getsockname(gate, (struct sockaddr *)&address, &size))
        fail("gate");
    FILE *limits = fopen("limits.conf", "w");
    if (!limits || fprintf(limits, "gust 130\n") < 0 || fclose(limits))
        fail("limits.conf");
    struct itimerspec seconds = {{1, 0}, {1, 0}};
    struct epoll_event gate_event = {EPOLLIN, {.ptr = NULL}}, clock_event = {EPOLLIN, {.ptr = &garden}};
    timerfd_settime(clock, 0, &seconds, NULL);
    epoll_ctl(events, EPOLL_CTL_ADD, gate, &gate_event);
    epoll_ctl(events, EPOLL_CTL_ADD, clock, &clock_event);
    char self[2048] = {0}, start[2200];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        fail("self");
    snprintf(start, sizeof start, "'%s' %u >/dev/null 2>&1 &", self, address.sin_port);
    if (system(start))
        fail("posts");
    for (int told = 0;;) {
        struct epoll_event came[EVENTS];
        int number = epoll_wait(events, came, EVENTS, -1);
        for (int at = 0; at < number; at++) {
            if (came[at].data.ptr == &garden) {
                each_second(&garden, clock);
            } else if (came[at].data.ptr) {
                struct post *post = came[at].data.ptr;
                if (!read_post(&garden, post))
                    close(post->line);
            } else {
                int line = accept4(gate, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (line < 0)
                    continue;
                if (garden.connected == POSTS) {
                    close(line);
                    continue;
                }
                struct post *post = &garden.posts[garden.connected++];
                struct epoll_event event = {EPOLLIN, {.ptr = post}};
                post->line = line;
                epoll_ctl(events, EPOLL_CTL_ADD, line, &event);
            }
        }
        if (!told && garden.second > 1) {
            told = printf("ready %d\n", (int)getpid());
            fflush(stdout);
        }
    }
}
