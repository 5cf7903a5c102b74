// expect: healthy bench
// Recorder of a dam's spillway: the gates' controllers send their positions and pressures through a pipe; records are
// checked, gathered, and written with one write and one fdatasync twice a second (or at 256 KB), into files that are
// used in turn.
//
// Measured: 0.01 of a core; 2.4 write and fdatasync a second (130 us each under strace), 112 polls a second.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { GATES = 14, FLUSH_AT = 256 * 1024, SEGMENTS = 4, SEGMENT_SIZE = 8 << 20 };
#define FLUSH_NS 500000000LL

struct record {
    uint32_t gate, number;
    int64_t at;
    float position, upstream, downstream, current;
    uint32_t state, check;
};

struct recorder {
    char folder[64];
    int file, segment;
    long in_segment;
    char *gathered;
    size_t filled;
    int64_t flushed_at;
    uint32_t last[GATES];
    float discharge[GATES];
    long lost, broken;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t fletcher(const struct record *record)
{
    const uint16_t *words = (const uint16_t *)record;
    uint32_t low = 0xffff, high = 0xffff;
    for (size_t at = 0; at < offsetof(struct record, check) / 2; at++) {
        low = (low + words[at]) % 65535;
        high = (high + low) % 65535;
    }
    return high << 16 | low;
}

static void next_segment(struct recorder *recorder)
{
    char path[128];
    if (recorder->file >= 0)
        close(recorder->file);
    recorder->segment = (recorder->segment + 1) % SEGMENTS;
    snprintf(path, sizeof path, "%s/segment-%d", recorder->folder, recorder->segment);
    recorder->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (recorder->file < 0)
        die(path);
    recorder->in_segment = 0;
}

static void flush(struct recorder *recorder)
{
    size_t done = 0;
    while (done < recorder->filled) {
        ssize_t wrote = write(recorder->file, recorder->gathered + done, recorder->filled - done);
        if (wrote < 0 && errno != EINTR)
            die("write");
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (done > 0 && fdatasync(recorder->file) != 0)
        die("fdatasync");
    recorder->in_segment += (long)done;
    recorder->filled = 0;
    recorder->flushed_at = now_ns();
    if (recorder->in_segment >= SEGMENT_SIZE)
        next_segment(recorder);
}

static void take(struct recorder *recorder, const struct record *record)
{
    if (record->gate >= GATES || record->check != fletcher(record)) {
        recorder->broken++;
        return;
    }
    if (recorder->last[record->gate] && record->number != recorder->last[record->gate] + 1)
        recorder->lost++;
    recorder->last[record->gate] = record->number;
    recorder->discharge[record->gate] = 0.9f * recorder->discharge[record->gate]
        + 0.1f * record->position * (record->upstream - record->downstream);
    if (recorder->filled + sizeof *record > FLUSH_AT)
        flush(recorder);
    memcpy(recorder->gathered + recorder->filled, record, sizeof *record);
    recorder->filled += sizeof *record;
}

static void record_all(struct recorder *recorder, int from)
{
    static char part[65536];
    size_t have = 0;
    struct pollfd wait = {.fd = from, .events = POLLIN};

    for (;;) {
        int64_t left = recorder->flushed_at + FLUSH_NS - now_ns();
        if (left <= 0) {
            flush(recorder);
            continue;
        }
        if (poll(&wait, 1, (int)(left / 1000000) + 1) <= 0)
            continue;
        ssize_t got = read(from, part + have, sizeof part - have);
        if (got <= 0)
            die("the controllers are gone");
        have += (size_t)got;
        size_t at = 0;
        struct record record;
        for (; have - at >= sizeof record; at += sizeof record) {
            memcpy(&record, part + at, sizeof record);
            take(recorder, &record);
        }
        memmove(part, part + at, have - at);
        have -= at;
    }
}

/* The controllers, in a process that ends with this one: every gate at 1600 Hz, sent in bursts. */
static int controllers(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        die("pipe");
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child > 0) {
        close(ends[1]);
        return ends[0];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct record burst[GATES * 8];
    for (uint32_t number = 0;;) {
        for (int at = 0; at < GATES * 8; at++) {
            struct record *record = &burst[at];
            number += at % GATES == 0;
            *record = (struct record){.gate = at % GATES, .number = number, .at = now_ns(), .position = at * 0.01f,
                .upstream = 41.5f, .downstream = 12.25f, .current = (float)(number % 90), .state = number >> 4};
            record->check = fletcher(record);
        }
        if (write(ends[1], burst, sizeof burst) < 0)
            _exit(0);
        usleep(5000);
    }
}

int main(void)
{
    static struct recorder recorder = {.folder = "/tmp/spillway-XXXXXX", .file = -1, .segment = -1};
    if (!mkdtemp(recorder.folder) || !(recorder.gathered = malloc(FLUSH_AT)))
        die("folder");
    next_segment(&recorder);
    recorder.flushed_at = now_ns();
    int from = controllers();
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    record_all(&recorder, from);
}
