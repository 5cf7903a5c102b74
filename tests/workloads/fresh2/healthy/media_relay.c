/* expect: healthy bench */
/* Relays streams from their sources to those who watch, through one epoll instance; a source waits for who is slow. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STREAMS 4
#define ROOM (256 << 10)

struct stream {
    int from, to;
    size_t start, end;
    uint32_t waits_from, waits_to;
    char block[ROOM];
};

static int events;

static void want(int socket, uint32_t *now, uint32_t wanted, uint64_t name)
{
    if (*now == wanted)
        return;
    struct epoll_event how = {.events = wanted, .data.u64 = name};
    epoll_ctl(events, EPOLL_CTL_MOD, socket, &how);
    *now = wanted;
}

/* Reads while there is room, writes while there is something; then waits for what is missing. */
static int move(struct stream *stream, int number, uint64_t *bytes)
{
    if (stream->end < ROOM) {
        ssize_t got = read(stream->from, stream->block + stream->end, ROOM - stream->end);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return 0;
        if (got > 0)
            stream->end += (size_t)got;
    }
    if (stream->start < stream->end) {
        ssize_t sent = write(stream->to, stream->block + stream->start, stream->end - stream->start);
        if (sent < 0 && errno != EAGAIN)
            return 0;
        if (sent > 0) {
            stream->start += (size_t)sent;
            *bytes += (uint64_t)sent;
        }
    }
    if (stream->start == stream->end)
        stream->start = stream->end = 0;
    want(stream->from, &stream->waits_from, stream->end < ROOM ? EPOLLIN : 0, (uint64_t)number * 2);
    want(stream->to, &stream->waits_to, stream->start < stream->end ? EPOLLOUT : 0, (uint64_t)number * 2 + 1);
    return 1;
}

/* A camera: a picture of some 100 kB, thirty times a second. */
static void camera(int line, int number)
{
    static char picture[100000];
    memset(picture, 'a' + number, sizeof picture);
    for (unsigned turn = 0;; turn++) {
        size_t size = sizeof picture - turn * 7919 % 30000;
        for (size_t sent = 0; sent < size;) {
            ssize_t now = write(line, picture + sent, size - sent);
            if (now <= 0)
                return;
            sent += (size_t)now;
        }
        usleep(33000);
    }
}

static void viewer(int line)
{
    static char seen[65536];
    while (read(line, seen, sizeof seen) > 0)
        ;
}

static int far_end(void (*work)(int, int), void (*watch)(int), int number)
{
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (fork() == 0) {
        if (fork() == 0) {
            close(pair[0]);
            work ? work(pair[1], number) : watch(pair[1]);
        }
        _exit(0);
    }
    close(pair[1]);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    return pair[0];
}

int main(void)
{
    static struct stream streams[STREAMS];
    events = epoll_create1(0);
    for (int i = 0; i < STREAMS; i++) {
        streams[i].from = far_end(camera, NULL, i);
        streams[i].to = far_end(NULL, viewer, i);
        struct epoll_event how = {.events = EPOLLIN, .data.u64 = (uint64_t)i * 2};
        epoll_ctl(events, EPOLL_CTL_ADD, streams[i].from, &how);
        how = (struct epoll_event){.events = 0, .data.u64 = (uint64_t)i * 2 + 1};
        epoll_ctl(events, EPOLL_CTL_ADD, streams[i].to, &how);
        streams[i].waits_from = EPOLLIN;
    }
    FILE *log = fopen("relay.log", "w");
    uint64_t bytes = 0;
    time_t began = time(NULL), told = began;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        struct epoll_event found[2 * STREAMS];
        int count = epoll_wait(events, found, 2 * STREAMS, 1000);
        for (int i = 0; i < count; i++)
            if (!move(&streams[found[i].data.u64 / 2], (int)(found[i].data.u64 / 2), &bytes))
                return 0;
        if (time(NULL) > told) {
            told = time(NULL);
            fprintf(log, "%ld %llu kB\n", (told - began) * 1000, (unsigned long long)bytes / 1000);
            fflush(log);
        }
    }
}
