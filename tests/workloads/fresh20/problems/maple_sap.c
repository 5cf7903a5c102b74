// expect: pattern=small-io bench
// Keeps what the sap lines of a maple forest yield: each minute a sample of each line goes into an archive file, which
// holds the last days. The boiling house asks for a line and a span: litres, strongest flow, minutes of frost, leaks.
//
// Measured: 1400 questions a second take 45 % of a core (2 million reads a second), in the twin 1.7 %; same answers.
#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 32, SLOTS = 4096, DAY = 1440 };

/* What a line yielded in a minute. */
struct sample {
    int64_t minute;
    float litres, vacuum;
    float degrees, spare;
};

/* A file with a ring of samples for each line. */
struct archive {
    int fd;
    int64_t newest;
};

/* Goes through a span of a line, minute by minute. */
struct cursor {
    const struct archive *archive;
    int line;
    int64_t next, end;
};

struct summary {
    double litres, strongest;
    int minutes, frost, leaks;
};

static off_t place_of(int line, int64_t minute) {
    return ((off_t)line * SLOTS + minute % SLOTS) * (off_t)sizeof(struct sample);
}

static struct sample measured(int line, int64_t minute) {
    double sun = sin((double)(minute % DAY) / DAY * 6.2832 - 1.8);
    double degrees = 2.5 + 6 * sun - line * 0.05;
    struct sample sample = {.minute = minute, .degrees = degrees};
    sample.vacuum = (minute * 31 + line * 7) % 997 < 3 ? 40 : 82 + (minute * 13 + line) % 5;
    sample.litres = degrees > 0 ? degrees * 0.4 * sample.vacuum / 85 : 0;
    return sample;
}

static int archive_add(struct archive *archive) {
    int64_t minute = archive->newest + 1;
    for (int line = 0; line < LINES; line++) {
        struct sample sample = measured(line, minute);
        if (pwrite(archive->fd, &sample, sizeof sample, place_of(line, minute)) != sizeof sample) return -1;
    }
    archive->newest = minute;
    return 0;
}

static int archive_create(struct archive *archive, const char *path) {
    static struct sample ring[SLOTS];
    archive->fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    archive->newest = 3 * SLOTS - 1;
    for (int line = 0; line < LINES && archive->fd >= 0; line++) {
        for (int slot = 0; slot < SLOTS; slot++) ring[slot] = measured(line, 2 * SLOTS + slot);
        if (pwrite(archive->fd, ring, sizeof ring, place_of(line, 0)) != sizeof ring) return -1;
    }
    return archive->fd < 0 ? -1 : 0;
}

static struct cursor cursor_at(const struct archive *archive, int line, int64_t from, int64_t end) {
    int64_t oldest = archive->newest - SLOTS + 1;
    if (from < oldest) from = oldest;
    if (end > archive->newest + 1) end = archive->newest + 1;
    return (struct cursor){archive, line, from, end};
}

/* The next sample; 0 at the end of the span, -1 if it cannot be read. */
static int cursor_next(struct cursor *cursor, struct sample *sample) {
    if (cursor->next >= cursor->end) return 0;
    off_t place = place_of(cursor->line, cursor->next);
    if (pread(cursor->archive->fd, sample, sizeof *sample, place) != sizeof *sample) return -1; // <- cost
    cursor->next++;
    return 1;
}

static int summarise(const struct archive *archive, int line, int64_t from, int64_t end, struct summary *out) {
    struct cursor cursor = cursor_at(archive, line, from, end);
    struct sample sample;
    int more, weak = 0;
    *out = (struct summary){0};
    while ((more = cursor_next(&cursor, &sample)) > 0) { // <- cost
        out->minutes++;
        out->litres += sample.litres;
        if (sample.litres > out->strongest) out->strongest = sample.litres;
        if (sample.degrees < 0) out->frost++;
        weak = sample.vacuum < 60 ? weak + 1 : 0;
        if (weak == 1) out->leaks++;
    }
    return more;
}

/* Answer "LINE FROM END", in minutes before now. */
static int answer(const struct archive *archive, const char *question, char *out, size_t room) {
    int line, from, end;
    struct summary summary;
    if (sscanf(question, "%d %d %d", &line, &from, &end) != 3 || line < 0 || line >= LINES || end > from) {
        return snprintf(out, room, "error: LINE FROM END, please\n");
    }
    if (summarise(archive, line, archive->newest - from, archive->newest - end, &summary) < 0) {
        return snprintf(out, room, "error: the archive cannot be read\n");
    }
    double sugar = summary.litres * 0.021;
    return snprintf(out, room, "%d min %.1f l %.2f kg sugar, at most %.2f l/min, %d frost, %d leaks\n", summary.minutes,
                    summary.litres, sugar, summary.strongest, summary.frost, summary.leaks);
}

static int send_all(int line, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(line, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        data += sent;
        size -= sent;
    }
    return 0;
}

struct client {
    int line;
    size_t held;
    char in[8192];
};

/* Answer all whole lines that a client has sent; -1 if it has hung up. */
static int serve(struct client *client, const struct archive *archive) {
    char out[32768];
    size_t said = 0;
    ssize_t got = recv(client->line, client->in + client->held, sizeof client->in - client->held - 1, 0);
    if (got <= 0) return -1;
    client->held += got;
    client->in[client->held] = 0;
    char *at = client->in;
    for (char *end; (end = strchr(at, '\n')) && said + 200 < sizeof out; at = end + 1) {
        *end = 0;
        said += answer(archive, at, out + said, sizeof out - said);
    }
    client->held -= at - client->in;
    memmove(client->in, at, client->held);
    return send_all(client->line, out, said);
}

/* The boiling house, in a process of its own: some questions every ten milliseconds. */
static int boiling_house(int port, int each) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int line = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (connect(line, (struct sockaddr *)&to, sizeof to)) return 1;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (unsigned turn = 0;;) {
        char out[1024], in[4096];
        int size = 0, answers = 0;
        for (int i = 0; i < each; i++, turn++) {
            int end = turn * 37 % (SLOTS - DAY - 10);
            size += snprintf(out + size, sizeof out - size, "%u %d %d\n", turn % LINES, end + DAY, end);
        }
        if (send_all(line, out, size)) return 0;
        while (answers < each) {
            ssize_t got = recv(line, in, sizeof in, 0);
            if (got <= 0) return 0;
            for (ssize_t i = 0; i < got; i++) answers += in[i] == '\n';
        }
        due.tv_nsec += 10000000;
        if (due.tv_nsec >= 1000000000) due.tv_nsec -= 1000000000, due.tv_sec++;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}

int main(int count, char **words) {
    if (count > 2 && !strcmp(words[1], "boil")) return boiling_house(atoi(words[2]), 14);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct archive archive;
    char self[512] = "", command[640];
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(door, (struct sockaddr *)&address, size) || listen(door, 4)) return 1;
    if (archive_create(&archive, "sap.archive")) return 1;
    getsockname(door, (struct sockaddr *)&address, &size);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 1;
    snprintf(command, sizeof command, "'%s' boil %d </dev/null >/dev/null 2>&1 &", self, ntohs(address.sin_port));
    if (system(command)) return 1;
    static struct client house;
    house.line = accept(door, NULL, NULL);
    time_t began = time(NULL), last = began;
    for (int said = 0;;) {
        struct pollfd watched = {.fd = house.line, .events = POLLIN};
        if (poll(&watched, 1, 1000) > 0 && serve(&house, &archive)) return 1;
        time_t now = time(NULL);
        if (now - last >= 60) {
            last += 60;
            if (archive_add(&archive)) return 1;
        }
        if (!said && now - began >= 3) {
            printf("ready %d\n", getpid());
            fflush(stdout);
            said = 1;
        }
    }
}
