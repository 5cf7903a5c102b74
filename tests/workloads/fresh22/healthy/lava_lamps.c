// bench: healthy
// The entropy desk of a data centre with a wall of lava lamps: a camera sends its picture some times a second, which is
// stirred into a pool; other machines ask for random bytes, which ChaCha20 draws from the pool. One loop does it all.
//
// Measured: 800 answers and 10 pictures a second; CPU 0.6 % of a core.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { PEERS = 64, ROOM = 256, PICTURE = 49152, MOST = 4096, MACHINES = 16, PAUSE = 20000 };

enum kind { DOOR, CLOCK, PEER };

struct peer {
    enum kind kind;
    int fd;
    long picture; /* bytes of a picture that are still to come */
    size_t held;
    char line[ROOM];
};

static struct {
    uint32_t key[8];
    uint64_t block;
    unsigned char stock[1024];
    size_t left;
} pool;

static struct peer peers[PEERS], door = {.kind = DOOR}, ticking = {.kind = CLOCK};
static long pictures, answers, refused, sent_bytes;
static int loop;

static uint32_t turn(uint32_t x, int by) {
    return x << by | x >> (32 - by);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
    *a += *b, *d = turn(*d ^ *a, 16);
    *c += *d, *b = turn(*b ^ *c, 12);
    *a += *b, *d = turn(*d ^ *a, 8);
    *c += *d, *b = turn(*b ^ *c, 7);
}

static void chacha(unsigned char out[64]) {
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];
    memcpy(start + 4, pool.key, sizeof pool.key);
    start[12] = (uint32_t)pool.block, start[13] = (uint32_t)(pool.block >> 32);
    pool.block++;
    memcpy(x, start, sizeof x);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            quarter(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
        for (int i = 0; i < 4; i++)
            quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
    }
    for (int i = 0; i < 16; i++)
        x[i] += start[i];
    memcpy(out, x, 64);
}

/* Every piece of a picture changes the key; what was drawn before is thrown away. */
static void stir(const unsigned char *piece, size_t size) {
    unsigned char fresh[64];
    for (size_t at = 0; at < size; at += 32) {
        size_t part = size - at < 32 ? size - at : 32;
        unsigned char *key = (unsigned char *)pool.key;
        for (size_t i = 0; i < part; i++)
            key[i] ^= piece[at + i];
        if (at % 256 == 0) {
            chacha(fresh);
            memcpy(pool.key, fresh, sizeof pool.key);
        }
    }
    pool.left = 0;
}

static void draw(unsigned char *into, size_t size) {
    while (size) {
        if (!pool.left) {
            for (size_t at = 0; at < sizeof pool.stock; at += 64)
                chacha(pool.stock + at);
            memcpy(pool.key, pool.stock, sizeof pool.key);
            pool.left = sizeof pool.stock - sizeof pool.key;
        }
        size_t part = size < pool.left ? size : pool.left;
        pool.left -= part;
        memcpy(into, pool.stock + sizeof pool.key + pool.left, part);
        memset(pool.stock + sizeof pool.key + pool.left, 0, part);
        into += part, size -= part;
    }
}

static void part_from(struct peer *peer) {
    close(peer->fd);
    peer->fd = -1;
}

/* "bytes N" is answered with N bytes in hexadecimal; "picture N" announces one, and is not answered. */
static int obey(struct peer *peer, const char *line) {
    static const char digits[] = "0123456789abcdef";
    unsigned char drawn[MOST];
    char text[2 * MOST + 1];
    long number = 0;
    if (sscanf(line, "picture %ld", &number) == 1 && number > 0 && number <= 1 << 20) {
        peer->picture = number;
        return 0;
    }
    if (sscanf(line, "bytes %ld", &number) != 1 || number < 1 || number > MOST) {
        refused++;
        return -1;
    }
    draw(drawn, (size_t)number);
    for (long i = 0; i < number; i++)
        text[2 * i] = digits[drawn[i] >> 4], text[2 * i + 1] = digits[drawn[i] & 15];
    text[2 * number] = '\n';
    answers++;
    sent_bytes += number;
    return send(peer->fd, text, (size_t)(2 * number + 1), MSG_NOSIGNAL) == 2 * number + 1 ? 0 : -1;
}

static int hear(struct peer *peer) {
    unsigned char got[16384];
    ssize_t size = recv(peer->fd, got, sizeof got, 0);
    if (size <= 0)
        return size < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    for (ssize_t at = 0; at < size;) {
        if (peer->picture) {
            size_t part = size - at < peer->picture ? (size_t)(size - at) : (size_t)peer->picture;
            stir(got + at, part);
            at += (ssize_t)part;
            peer->picture -= (long)part;
            pictures += !peer->picture;
            continue;
        }
        char c = (char)got[at++];
        if (c != '\n') {
            if (peer->held == ROOM - 1)
                return -1;
            peer->line[peer->held++] = c;
            continue;
        }
        peer->line[peer->held] = 0;
        peer->held = 0;
        if (obey(peer, peer->line) < 0)
            return -1;
    }
    return 0;
}

static void welcome(void) {
    int fd = accept4(door.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (int i = 0; i < PEERS; i++)
        if (peers[i].fd < 0) {
            peers[i] = (struct peer){.kind = PEER, .fd = fd};
            struct epoll_event wish = {.events = EPOLLIN, .data.ptr = &peers[i]};
            epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wish);
            return;
        }
    close(fd);
}

static void tick(void) {
    static int told, seconds;
    uint64_t times;
    if (read(ticking.fd, &times, sizeof times) != sizeof times)
        return;
    if (!told && answers > 300 && pictures > 3) {
        printf("ready %d\n", (int)getpid());
        fflush(stdout);
        told = 1;
    }
    if (++seconds % 10 == 0)
        fprintf(stderr, "%ld pictures, %ld answers of %ld bytes, %ld refused\n", pictures, answers,
                answers ? sent_bytes / answers : 0, refused);
}

static int reach(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void say(int fd, const void *what, size_t size) {
    if (send(fd, what, size, MSG_NOSIGNAL) != (ssize_t)size)
        exit(1);
}

/* The other side: a camera, and machines that ask; 16 every fiftieth of a second. */
static void hall(int port) {
    static unsigned char picture[PICTURE];
    int camera = reach(port), machines[MACHINES];
    uint32_t seed = 1;
    for (int i = 0; i < MACHINES; i++)
        machines[i] = reach(port);
    for (long round = 0;; round++, usleep(PAUSE)) {
        if (round % 5 == 0) {
            for (size_t i = 0; i < sizeof picture; i++)
                picture[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
            say(camera, "picture 49152\n", 14);
            say(camera, picture, sizeof picture);
        }
        for (int i = 0; i < MACHINES; i++) {
            char text[24], answer[2 * MOST + 1];
            int bytes = 32 << (round + i) % 6;
            say(machines[i], text, (size_t)snprintf(text, sizeof text, "bytes %d\n", bytes));
            if (recv(machines[i], answer, (size_t)(2 * bytes + 1), MSG_WAITALL) != 2 * bytes + 1)
                exit(1);
        }
    }
}

/* Starts a copy of this program which is nobody's child here. */
static void outside(int port) {
    char self[512] = {0}, line[700];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        exit(1);
    snprintf(line, sizeof line, "'%s' hall %d >/dev/null 2>&1 </dev/null &", self, port);
    if (system(line) != 0)
        exit(1);
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "hall"))
        hall(atoi(argv[2]));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct itimerspec each = {.it_interval.tv_sec = 1, .it_value.tv_sec = 1};
    for (int i = 0; i < PEERS; i++)
        peers[i].fd = -1;
    loop = epoll_create1(EPOLL_CLOEXEC);
    door.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ticking.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct epoll_event come = {.events = EPOLLIN, .data.ptr = &door}, late = {.events = EPOLLIN, .data.ptr = &ticking};
    if (bind(door.fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(door.fd, PEERS) < 0 ||
        getsockname(door.fd, (struct sockaddr *)&at, &size) < 0 || timerfd_settime(ticking.fd, 0, &each, NULL) < 0 ||
        epoll_ctl(loop, EPOLL_CTL_ADD, door.fd, &come) < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, ticking.fd, &late) < 0) {
        perror("lava_lamps");
        return 1;
    }
    outside(ntohs(at.sin_port));
    for (;;) {
        struct epoll_event events[PEERS];
        int count = epoll_wait(loop, events, PEERS, -1);
        if (count < 0 && errno != EINTR)
            return 1;
        for (int i = 0; i < count; i++) {
            struct peer *of = events[i].data.ptr;
            if (of->kind == DOOR)
                welcome();
            else if (of->kind == CLOCK)
                tick();
            else if (of->fd >= 0 && hear(of) < 0)
                part_from(of);
        }
    }
}
