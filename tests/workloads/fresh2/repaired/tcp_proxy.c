/* expect: healthy bench */
/*
 * Passes connections on to a service behind it, both ways, on one epoll instance.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CUSTOMERS 6

struct side {
    int socket;
    struct side *other;
    uint32_t watched;
    size_t start, end; /* what waits to be written to this side */
    char waiting[16384];
};

static int events;

/* What is still to be done for a side: read while the other one has room, write. */
static void watch(struct side *side, int how)
{
    int reads = side->other->end < sizeof side->other->waiting, writes = side->start < side->end;
    struct epoll_event wanted = {.data.ptr = side};
    wanted.events = (reads ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0);
    if (how == EPOLL_CTL_MOD && wanted.events == side->watched)
        return;
    side->watched = wanted.events;
    epoll_ctl(events, how, side->socket, &wanted);
}

static void flush(struct side *side)
{
    if (side->start == side->end)
        return;
    ssize_t sent = write(side->socket, side->waiting + side->start, side->end - side->start);
    if (sent > 0)
        side->start += (size_t)sent;
    if (side->start == side->end)
        side->start = side->end = 0;
}

static int take(struct side *side)
{
    struct side *to = side->other;
    if (to->end == sizeof to->waiting)
        return 1;
    ssize_t got = read(side->socket, to->waiting + to->end, sizeof to->waiting - to->end);
    if (got > 0)
        to->end += (size_t)got;
    return got > 0 || (got < 0 && errno == EAGAIN);
}

static int listen_on(struct sockaddr_in *own)
{
    socklen_t size = sizeof *own;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    *own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    bind(listening, (struct sockaddr *)own, sizeof *own);
    listen(listening, 64);
    getsockname(listening, (struct sockaddr *)own, &size);
    return listening;
}

static int connected(const struct sockaddr_in *to)
{
    int line = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (connect(line, (const struct sockaddr *)to, sizeof *to))
        _exit(1);
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return line;
}

/* The service: answers each piece with itself. */
static void echo(int listening)
{
    char piece[4096];
    for (;;) {
        int line = accept(listening, NULL, NULL);
        if (fork() == 0)
            for (ssize_t got; (got = read(line, piece, sizeof piece)) > 0;)
                if (write(line, piece, (size_t)got) < 0)
                    _exit(0);
        close(line);
    }
}

static void customer(const struct sockaddr_in *to)
{
    char piece[300] = "a question", answer[300];
    int line = connected(to);
    while (write(line, piece, sizeof piece) > 0 && read(line, answer, sizeof answer) > 0)
        usleep(8000);
}

static struct side *made(int line)
{
    struct side *side = calloc(1, sizeof *side);
    side->socket = line;
    fcntl(line, F_SETFL, O_NONBLOCK);
    return side;
}

int main(void)
{
    struct sockaddr_in own, behind;
    int service = listen_on(&behind), listening = listen_on(&own);
    for (int i = 0; i <= CUSTOMERS; i++)
        if (fork() == 0) {
            if (fork() == 0)
                i ? customer(&own) : echo(service);
            _exit(0);
        }
    struct epoll_event found[64];
    events = epoll_create1(0);
    for (int i = 0; i < CUSTOMERS; i++) {
        struct side *near = made(accept(listening, NULL, NULL)), *far = made(connected(&behind));
        near->other = far;
        far->other = near;
        watch(near, EPOLL_CTL_ADD);
        watch(far, EPOLL_CTL_ADD);
    }
    FILE *log = fopen("proxy.log", "w");
    long pieces = 0;
    time_t began = time(NULL), told = began;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(events, found, 64, -1);
        for (int i = 0; i < count; i++) {
            struct side *side = found[i].data.ptr;
            if (found[i].events & EPOLLIN) {
                if (!take(side))
                    return 0;
                pieces++;
                flush(side->other);
            }
            if (found[i].events & EPOLLOUT)
                flush(side);
            watch(side, EPOLL_CTL_MOD);
            watch(side->other, EPOLL_CTL_MOD);
        }
        if (time(NULL) > told) {
            told = time(NULL);
            double used = (double)clock() / CLOCKS_PER_SEC / (double)(told - began);
            fprintf(log, "%ld %ld pieces, %.1f %% of a core\n", (told - began) * 1000, pieces, 100 * used);
            fflush(log);
        }
    }
}
