// expect: healthy bench
// Answers hikers' apps and the mountain rescue's consoles: "near EAST NORTH METRES" gives the cairns within that distance,
// nearest first, "name NUMBER" the entry of one; an answer (or "none") ends with an empty line. One thread, epoll, all in memory.
// Measured: 0.1 cores at some 5000 questions a second.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CAIRNS 30000
#define SIDE 60000
#define CELL 500
#define CELLS (SIDE / CELL)
#define MOST 24
#define FAR 2000

struct cairn {
    int east, north;
    short height, year;
};

struct client {
    int fd, in_used;
    size_t out_used, out_sent;
    char in[1024];
    char out[16384];
};

struct hit {
    int cairn, square;
};

// The cairns stand in the order of their cells: those of cell i are first[i] up to first[i + 1].
static struct cairn cairns[CAIRNS];
static int first[CELLS * CELLS + 1];
static int poller;

static int cell_of(const struct cairn *cairn) {
    return cairn->north / CELL * CELLS + cairn->east / CELL;
}

static int by_cell(const void *a, const void *b) {
    return cell_of(a) - cell_of(b);
}

static void load_cairns(void) {
    uint32_t seed = 1865;
    for (int i = 0; i < CAIRNS; i++) {
        seed = seed * 1664525 + 1013904223;
        cairns[i].east = (int)((seed >> 8) % SIDE);
        seed = seed * 1664525 + 1013904223;
        cairns[i].north = (int)((seed >> 8) % SIDE);
        cairns[i].height = (short)(40 + (seed >> 5) % 300);
        cairns[i].year = (short)(1750 + (seed >> 3) % 270);
    }
    qsort(cairns, CAIRNS, sizeof *cairns, by_cell);
    for (int i = 0; i < CAIRNS; i++)
        first[cell_of(&cairns[i]) + 1]++;
    for (int i = 0; i < CELLS * CELLS; i++)
        first[i + 1] += first[i];
}

static int limit(int value, int low, int high) {
    return value < low ? low : value > high ? high : value;
}

// Keeps the MOST nearest, in order.
static int keep(struct hit *hits, int count, int cairn, int square) {
    if (count == MOST && hits[count - 1].square <= square)
        return count;
    int at = count < MOST ? count++ : count - 1;
    for (; at > 0 && hits[at - 1].square > square; at--)
        hits[at] = hits[at - 1];
    hits[at] = (struct hit){cairn, square};
    return count;
}

static int nearest(int east, int north, int metres, struct hit *hits) {
    int count = 0;
    int west_cell = limit((east - metres) / CELL, 0, CELLS - 1), east_cell = limit((east + metres) / CELL, 0, CELLS - 1);
    int south_cell = limit((north - metres) / CELL, 0, CELLS - 1);
    int north_cell = limit((north + metres) / CELL, 0, CELLS - 1);
    for (int row = south_cell; row <= north_cell; row++)
        for (int i = first[row * CELLS + west_cell]; i < first[row * CELLS + east_cell + 1]; i++) {
            int dx = cairns[i].east - east, dy = cairns[i].north - north, square = dx * dx + dy * dy;
            if (square <= metres * metres)
                count = keep(hits, count, i, square);
        }
    return count;
}

static void say(struct client *client, int cairn) {
    const struct cairn *it = &cairns[cairn];
    client->out_used += (size_t)snprintf(client->out + client->out_used, sizeof client->out - client->out_used,
                                         "%d %d %d %d cm, built %d\n", cairn, it->east, it->north, it->height, it->year);
}

static void answer(struct client *client, const char *line) {
    int east, north, metres, number;
    struct hit hits[MOST];
    size_t begun = client->out_used;
    if (sscanf(line, "near %d %d %d", &east, &north, &metres) == 3) {
        int count = nearest(limit(east, 0, SIDE - 1), limit(north, 0, SIDE - 1), limit(metres, 0, FAR), hits);
        for (int i = 0; i < count; i++)
            say(client, hits[i].cairn);
    } else if (sscanf(line, "name %d", &number) == 1 && number >= 0 && number < CAIRNS) {
        say(client, number);
    }
    if (client->out_used == begun) {
        memcpy(client->out + client->out_used, "none\n", 5);
        client->out_used += 5;
    }
    client->out[client->out_used++] = '\n';
}

static void drop(struct client *client) {
    close(client->fd);
    free(client);
}

static int flush_out(struct client *client) {
    while (client->out_sent < client->out_used) {
        ssize_t sent = send(client->fd, client->out + client->out_sent, client->out_used - client->out_sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN)
                return -1;
            struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
            return epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &event) ? -1 : 1;
        }
        client->out_sent += (size_t)sent;
    }
    client->out_used = client->out_sent = 0;
    return 0;
}

// Answers the whole lines that are there, for as long as the answers are taken.
static int answer_lines(struct client *client) {
    for (;;) {
        char *line = client->in, *end, *stop = client->in + client->in_used;
        while (sizeof client->out - client->out_used > MOST * 64 && (end = memchr(line, '\n', (size_t)(stop - line)))) {
            *end = 0;
            answer(client, line);
            line = end + 1;
        }
        client->in_used = (int)(stop - line);
        memmove(client->in, line, (size_t)client->in_used);
        int state = flush_out(client);
        if (state || !memchr(client->in, '\n', (size_t)client->in_used))
            return state;
    }
}

static int serve(struct client *client, uint32_t events) {
    if (events & EPOLLOUT) {
        int state = flush_out(client);
        if (state)
            return state < 0 ? -1 : 0;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        if (epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &event))
            return -1;
        return answer_lines(client) < 0 ? -1 : 0;
    }
    if (client->in_used == (int)sizeof client->in)
        return -1;
    ssize_t got = recv(client->fd, client->in + client->in_used, sizeof client->in - (size_t)client->in_used, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? 0 : -1;
    client->in_used += (int)got;
    return answer_lines(client) < 0 ? -1 : 0;
}

static void welcome(int door) {
    int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), yes = 1;
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct client *client = calloc(1, sizeof *client);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (!client) {
        close(fd);
        return;
    }
    client->fd = fd;
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
        drop(client);
}

static void start_customers(int port) {
    static char command[8192];
    int used = snprintf(command, sizeof command, "\"%s\" \"$(dirname \"%s\")/clients.py\" lines %d '", getenv("PYTHON"),
                        getenv("SERVICES"), port);
    for (int i = 0; i < 150; i++)
        used += snprintf(command + used, sizeof command - (size_t)used, i % 4 ? "%snear %d %d %d" : "%sname %d", i ? "," : "",
                         i * 7919 % SIDE, i * 4801 % SIDE, 300 + i * 37 % 1500);
    snprintf(command + used, sizeof command - (size_t)used, "' 12 0.002");
    if (system(command)) {
        fprintf(stderr, "no customers\n");
        exit(1);
    }
}

int main(void) {
    load_cairns();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[64];
    if (bind(door, (struct sockaddr *)&address, sizeof address) || listen(door, 64) ||
        getsockname(door, (struct sockaddr *)&address, &size) || epoll_ctl(poller, EPOLL_CTL_ADD, door, &event)) {
        perror("cairn_lookup");
        return 1;
    }
    start_customers(ntohs(address.sin_port));
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poller, events, 64, -1);
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;
            if (!client)
                welcome(door);
            else if (serve(client, events[i].events) < 0)
                drop(client);
        }
    }
}
