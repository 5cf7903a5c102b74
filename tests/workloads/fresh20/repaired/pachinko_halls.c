// expect: healthy bench
// Follows the balls of pachinko halls: each machine reports every ball that it lets go, with the pins that it touched.
// When a player takes the card out, the sitting is summed up, and attendants can look it up if a payout is disputed.
//
// Measured: grows by 3.4 MiB/s, at 0.7 % of a core; the twin stays at 14 MiB.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MACHINES = 2400, PINS = 44, SITTING = 24, RATE = 9648, POCKETS = 6, CLAIMS = 256 };

/* What a machine sends for a ball, or (with `pins` 0) when a card is taken out. */
struct report {
    uint32_t machine, card, ball;
    uint16_t pocket, pins;
    struct {
        int16_t x, y;
        uint32_t microseconds;
    } touch[PINS];
};

/* A ball that fell in a sitting. */
struct ball {
    struct ball *before;
    uint32_t number;
    uint16_t pocket, pins;
    struct {
        int16_t x, y;
        uint32_t microseconds;
    } touch[PINS];
};

/* From the moment when a card is put in until it is taken out. */
struct sitting {
    struct sitting *older, *newer;
    struct ball *last;
    uint32_t card, machine, balls, won;
    int64_t began, ended;
};

struct hall {
    struct sitting *playing[MACHINES];
    struct sitting *closed, *oldest;
    int kept;
    long sittings, balls, refused;
    long pockets[POCKETS];
};

static const int pays[POCKETS] = {0, 0, 1, 3, 5, 15};

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct sitting *seat(struct hall *hall, const struct report *report) {
    struct sitting *sitting = calloc(1, sizeof *sitting);
    if (!sitting) return NULL;
    sitting->card = report->card;
    sitting->machine = report->machine;
    sitting->began = now_ms();
    return hall->playing[report->machine] = sitting;
}

static int add_ball(struct hall *hall, struct sitting *sitting, const struct report *report) {
    struct ball *ball = malloc(sizeof *ball);
    if (!ball) return -1;
    ball->number = report->ball;
    ball->pocket = report->pocket;
    ball->pins = report->pins;
    memcpy(ball->touch, report->touch, report->pins * sizeof report->touch[0]);
    ball->before = sitting->last;
    sitting->last = ball;
    sitting->balls++;
    sitting->won += pays[report->pocket];
    hall->pockets[report->pocket]++;
    hall->balls++;
    return 0;
}

static void forget(struct sitting *sitting) {
    for (struct ball *ball = sitting->last, *before; ball; ball = before) {
        before = ball->before;
        free(ball);
    }
    free(sitting);
}

/* The last CLAIMS sittings can be looked up; an older one makes room. */
static void keep(struct hall *hall, struct sitting *sitting) {
    sitting->older = hall->closed;
    if (hall->closed) hall->closed->newer = sitting;
    else hall->oldest = sitting;
    hall->closed = sitting;
    if (hall->kept < CLAIMS) {
        hall->kept++;
        return;
    }
    struct sitting *gone = hall->oldest;
    hall->oldest = gone->newer;
    hall->oldest->older = NULL;
    forget(gone);
}

/* The card is out: what was won is final, the machine is free, and the sitting can be looked up. */
static void settle(struct hall *hall, uint32_t machine) {
    struct sitting *sitting = hall->playing[machine];
    if (!sitting) return;
    sitting->ended = now_ms();
    keep(hall, sitting);
    hall->playing[machine] = NULL;
    hall->sittings++;
}

/* How fast the last ball of a card fell, in mean: what an attendant asks first (a magnet slows balls down). */
static double fall_of(const struct hall *hall, uint32_t card) {
    int looked = 0;
    for (const struct sitting *at = hall->closed; at && looked < CLAIMS; at = at->older, looked++) {
        if (at->card != card || !at->last || at->last->pins < 2) continue;
        const struct ball *ball = at->last;
        double height = ball->touch[ball->pins - 1].y - ball->touch[0].y;
        return height / (ball->touch[ball->pins - 1].microseconds - ball->touch[0].microseconds + 1.0);
    }
    return 0;
}

static int take(struct hall *hall, const struct report *report) {
    if (report->machine >= MACHINES || report->pins > PINS || report->pocket >= POCKETS) {
        hall->refused++;
        return 0;
    }
    struct sitting *sitting = hall->playing[report->machine];
    if (sitting && (report->pins == 0 || sitting->card != report->card)) {
        settle(hall, report->machine);
        sitting = NULL;
    }
    if (report->pins == 0) return 0;
    if (!sitting && !(sitting = seat(hall, report))) return -1;
    return add_ball(hall, sitting, report);
}

static int send_all(int line, const void *data, size_t size) {
    for (const char *at = data; size;) {
        ssize_t sent = send(line, at, size, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        at += sent;
        size -= sent;
    }
    return 0;
}

static void fall(struct report *report, uint32_t machine, uint32_t number, uint32_t *dice) {
    uint32_t sitting = (number + machine % SITTING) / SITTING;
    *report = (struct report){.machine = machine, .card = machine * 1000 + sitting % 1000, .ball = number};
    if ((number + machine) % SITTING == 0) return;
    uint32_t rolled = *dice = *dice * 1664525 + 1013904223;
    report->pins = PINS - (rolled >> 30);
    report->pocket = (rolled >> 8) % 97 < 60 ? 0 : (rolled >> 8) % POCKETS;
    for (int i = 0; i < report->pins; i++) {
        report->touch[i].x = 200 + ((rolled >> (i % 16)) & 31) - 16;
        report->touch[i].y = i * 16 + (rolled >> 27);
        report->touch[i].microseconds = i * 41000 + (rolled & 4095);
    }
}

/* The machines of the halls, in a process of their own. They begin with what they kept while the line was down. */
static int machines(int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int line = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (connect(line, (struct sockaddr *)&to, sizeof to)) return 1;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    static struct report batch[72];
    uint32_t machine = 0, number = 0, dice = 1;
    const int batches = RATE / 72, kept = 40 * MACHINES / 72;
    struct timespec due;
    for (int round = 0;; round++) {
        if (round <= kept) clock_gettime(CLOCK_MONOTONIC, &due);
        for (int i = 0; i < 72; i++) {
            fall(&batch[i], machine, number, &dice);
            if (++machine == MACHINES) machine = 0, number++;
        }
        if (send_all(line, batch, sizeof batch)) return 0;
        if (round < kept) continue;
        due.tv_nsec += 1000000000 / batches;
        if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}

static int open_door(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(door, (struct sockaddr *)&address, size) || listen(door, 4)) return -1;
    getsockname(door, (struct sockaddr *)&address, &size);
    *port = ntohs(address.sin_port);
    return door;
}

int main(int count, char **words) {
    if (count > 2 && !strcmp(words[1], "machines")) return machines(atoi(words[2]));
    int port, door = open_door(&port);
    char self[512] = "", command[640];
    if (door < 0 || readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 1;
    snprintf(command, sizeof command, "'%s' machines %d </dev/null >/dev/null 2>&1 &", self, port);
    if (system(command)) return 1;
    int line = accept(door, NULL, NULL);
    static struct hall hall;
    static char in[1 << 16];
    size_t held = 0;
    int64_t minute = now_ms() + 60000;
    for (int said = 0;;) {
        ssize_t got = recv(line, in + held, sizeof in - held, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 1;
        held += got;
        size_t at = 0;
        for (; held - at >= sizeof(struct report); at += sizeof(struct report)) {
            struct report report;
            memcpy(&report, in + at, sizeof report);
            if (take(&hall, &report)) return 1;
        }
        memmove(in, in + at, held -= at);
        if (!said && hall.balls > 42 * MACHINES) {
            printf("ready %d\n", getpid());
            fflush(stdout);
            said = 1;
        }
        if (now_ms() > minute) {
            double speed = fall_of(&hall, 1000 * (hall.sittings % MACHINES));
            fprintf(stderr, "%ld balls in %ld sittings, %ld refused, %ld in the big pocket; fall %.3f\n", hall.balls,
                    hall.sittings, hall.refused, hall.pockets[POCKETS - 1], speed);
            minute += 60000;
        }
    }
}
