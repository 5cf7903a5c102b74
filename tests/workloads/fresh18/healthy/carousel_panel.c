// bench: healthy
// The control panel of a carousel: one thread with epoll keeps the speed by a timer, ten times a second, and answers
// the ticket gates and the lamps on the horses, which ask one thing after the other over a local socket.
// Measured: about 380 exchanges a second, 0.4 % of a core.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HORSES = 36, GATES = 4, CLIENTS = HORSES + GATES, LOG_LINES = 4096 };

struct client {
    int fd;
    size_t filled;
    char line[512];
};

struct carousel {
    double speed;  // turns a minute
    double wanted;
    double angle;
    unsigned riders[HORSES];
    unsigned long tickets;
    unsigned long ticks;
};

struct journal {
    FILE *file;
    unsigned lines;
};

static void journal_write(struct journal *journal, const struct carousel *c) {
    if (journal->lines++ == LOG_LINES) {
        rewind(journal->file);
        journal->lines = 0;
    }
    fprintf(journal->file, "%10lu speed %6.3f angle %6.3f tickets %lu\n", c->ticks, c->speed, c->angle, c->tickets);
}

static void regulate(struct carousel *c) {
    const double step = 0.1;
    double change = (c->wanted - c->speed) * 0.4;
    if (change > 0.25) change = 0.25;
    if (change < -0.25) change = -0.25;
    c->speed += change * step;
    c->angle = fmod(c->angle + c->speed * step / 60.0, 1.0);
    if (++c->ticks % 900 == 0) c->wanted = c->wanted > 0 ? 0 : 4.5;
}

static size_t answer(struct carousel *c, const char *asked, char *into, size_t room) {
    unsigned horse = 0;
    int n;
    if (sscanf(asked, "lamp %u", &horse) == 1 && horse < HORSES) {
        const double at = fmod(c->angle + (double)horse / HORSES, 1.0);
        n = snprintf(into, room, "lamp %u %3d\n", horse, (int)(255 * (0.5 + 0.5 * sin(6.283185 * at))));
    } else if (sscanf(asked, "ticket %u", &horse) == 1 && horse < HORSES) {
        c->riders[horse]++;
        n = snprintf(into, room, "ticket %lu\n", ++c->tickets);
    } else {
        n = snprintf(into, room, "error\n");
    }
    return (size_t)n;
}

/* Answers all whole lines that are there, with one send. */
static int serve(struct carousel *c, struct client *from) {
    const ssize_t got = recv(from->fd, from->line + from->filled, sizeof from->line - 1 - from->filled, 0);
    if (got == 0) return -1;
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    from->filled += (size_t)got;
    from->line[from->filled] = 0;
    char reply[2048];
    size_t length = 0;
    char *start = from->line;
    for (char *end; (end = strchr(start, '\n')) && length + 64 < sizeof reply; start = end + 1) {
        *end = 0;
        length += answer(c, start, reply + length, sizeof reply - length);
    }
    from->filled -= (size_t)(start - from->line);
    memmove(from->line, start, from->filled);
    if (from->filled == sizeof from->line - 1) return -1;
    if (length && send(from->fd, reply, length, MSG_NOSIGNAL) != (ssize_t)length) return -1;
    return 0;
}

/* The gates and lamps, in a process that is nobody's child. */
static void fairground(const struct sockaddr_un *address) {
    struct pollfd lines[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        lines[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
        lines[i].events = POLLIN;
        if (connect(lines[i].fd, (const struct sockaddr *)address, sizeof *address) != 0) return;
    }
    for (unsigned turn = 0;; turn++) {
        for (int i = 0; i < CLIENTS; i++) {
            char asked[64];
            int n = i < HORSES ? snprintf(asked, sizeof asked, "lamp %d\n", i)
                               : snprintf(asked, sizeof asked, "ticket %u\n", (turn * 7 + (unsigned)i) % HORSES);
            if (i >= HORSES && turn % 20 > 5) continue;  // the gates are open for a while
            if (send(lines[i].fd, asked, (size_t)n, MSG_NOSIGNAL) != n) return;
            char said[256];
            if (recv(lines[i].fd, said, sizeof said, 0) <= 0) return;
        }
        const struct timespec pause = {0, 100 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
}

static void watch(int queue, int fd, void *of) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = of};
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) != 0) {
        perror("epoll_ctl");
        exit(1);
    }
}

int main(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "panel.sock"};
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, CLIENTS) != 0) {
        perror("panel.sock");
        return 1;
    }
    const pid_t between = fork();
    if (between == 0) {
        if (fork() == 0) {
            close(listener);
            dup2(open("/dev/null", O_RDWR), 1);
            fairground(&address);
        }
        _exit(0);
    }
    waitpid(between, NULL, 0);

    struct carousel carousel = {.wanted = 4.5};
    struct journal journal = {.file = fopen("journal.txt", "w+")};
    if (!journal.file) return 1;
    const int queue = epoll_create1(EPOLL_CLOEXEC);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    const struct itimerspec tenth = {.it_interval = {0, 100000000}, .it_value = {0, 100000000}};
    timerfd_settime(timer, 0, &tenth, NULL);
    static struct client clients[CLIENTS];
    int known = 0;
    watch(queue, listener, NULL);
    watch(queue, timer, &carousel);

    for (;;) {
        struct epoll_event events[16];
        const int count = epoll_wait(queue, events, 16, -1);
        for (int i = 0; i < count; i++) {
            void *of = events[i].data.ptr;
            if (of == &carousel) {
                uint64_t passed = 0;
                if (read(timer, &passed, sizeof passed) != sizeof passed) continue;
                while (passed-- > 0) regulate(&carousel);
                if (carousel.ticks % 10 == 0) journal_write(&journal, &carousel);
                if (carousel.ticks == 20) {
                    puts("ready");
                    fflush(stdout);
                }
            } else if (of == NULL) {
                const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd < 0) continue;
                if (known == CLIENTS) {
                    close(fd);
                    continue;
                }
                clients[known].fd = fd;
                watch(queue, fd, &clients[known++]);
            } else if (serve(&carousel, of) != 0) {
                close(((struct client *)of)->fd);
            }
        }
    }
}
