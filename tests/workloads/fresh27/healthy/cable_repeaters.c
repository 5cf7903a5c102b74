// expect: healthy bench
/*
 * Archive of the supervisory telemetry of undersea cable repeaters: packs the samples of each channel (times as
 * differences of differences, values as differences, both in variable bits) and writes them in segments.
 *
 * The samples come from the landing station over a socket, in large blocks; finished segments replace the oldest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHANNELS 256
#define BLOCK 20000
#define TICK_NS 2000000L
#define CHUNK (64 * 1024)
#define SEGMENT (32L * 1024 * 1024)
#define SEGMENTS 3

struct sample {
    uint32_t channel;
    int32_t value;
    int64_t micros;
};

struct channel {
    int64_t last_micros;
    int64_t last_step;
    int32_t last_value;
    uint64_t samples;
};

struct packer {
    uint64_t bits;
    unsigned held;
    size_t filled;
    uint8_t out[CHUNK];
    int fd;
    int segment;
    off_t written;
};

static struct channel channels[CHANNELS];

static int open_segment(int number)
{
    char name[32];
    snprintf(name, sizeof name, "segment-%d.bin", number % SEGMENTS);
    return open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
}

static int write_all(int fd, const uint8_t *data, size_t length)
{
    while (length) {
        ssize_t done = write(fd, data, length);
        if (done < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        data += done;
        length -= (size_t)done;
    }
    return 0;
}

static int flush_chunk(struct packer *packer)
{
    if (write_all(packer->fd, packer->out, packer->filled))
        return -1;
    packer->written += (off_t)packer->filled;
    packer->filled = 0;
    if (packer->written < SEGMENT)
        return 0;
    close(packer->fd);
    packer->written = 0;
    packer->fd = open_segment(++packer->segment);
    memset(channels, 0, sizeof channels); /* each segment can be read alone */
    return packer->fd < 0 ? -1 : 0;
}

/* At most 32 bits at once. */
static inline void put(struct packer *packer, uint32_t value, unsigned width)
{
    packer->bits = packer->bits << width | value;
    packer->held += width;
    if (packer->held >= 32) {
        packer->held -= 32;
        uint32_t word = __builtin_bswap32((uint32_t)(packer->bits >> packer->held));
        memcpy(packer->out + packer->filled, &word, 4);
        packer->filled += 4;
    }
}

static inline uint32_t zigzag(int32_t value)
{
    return (uint32_t)value << 1 ^ (uint32_t)(value >> 31);
}

/* A prefix that tells the width, and the number. */
static inline void put_number(struct packer *packer, int32_t number)
{
    uint32_t plain = zigzag(number);
    if (plain == 0) {
        put(packer, 0, 1);
    } else if (plain < 1u << 6) {
        put(packer, 2u << 6 | plain, 8);
    } else if (plain < 1u << 12) {
        put(packer, 6u << 12 | plain, 15);
    } else if (plain < 1u << 20) {
        put(packer, 14u << 20 | plain, 24);
    } else {
        put(packer, 15, 4);
        put(packer, plain, 32);
    }
}

static int pack(struct packer *packer, const struct sample *samples, size_t number)
{
    for (size_t n = 0; n < number; n++) {
        const struct sample *sample = &samples[n];
        struct channel *channel = &channels[sample->channel % CHANNELS];
        int64_t step = channel->samples ? sample->micros - channel->last_micros : 0;
        put(packer, sample->channel % CHANNELS, 8);
        put_number(packer, (int32_t)(step - channel->last_step));
        put_number(packer, (int32_t)((uint32_t)sample->value - (uint32_t)channel->last_value));
        channel->last_micros = sample->micros;
        channel->last_step = step;
        channel->last_value = sample->value;
        channel->samples++;
        if (packer->filled > CHUNK - 64 && flush_chunk(packer))
            return -1;
    }
    return 0;
}

/* The landing station (a process of its own). */
static void station(int fd)
{
    static struct sample block[BLOCK];
    static int32_t level[CHANNELS];
    uint32_t state = 2463534242u;
    int64_t micros = 1;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (;;) {
        for (int n = 0; n < BLOCK; n++) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            uint32_t channel = (uint32_t)n % CHANNELS;
            level[channel] += (int32_t)(state % 400 ? state % 31 : state % 4001) - 15;
            micros += state % 64 ? 10 : 11;
            block[n] = (struct sample){channel, level[channel], micros};
        }
        if (write_all(fd, (const uint8_t *)block, sizeof block))
            _exit(0);
        due.tv_nsec += TICK_NS;
        if (due.tv_nsec >= 1000000000L) {
            due.tv_nsec -= 1000000000L;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}

static int open_station(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        return -1;
    int space = 1 << 20;
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &space, sizeof space);
    pid_t child = fork();
    if (child == 0) {
        if (fork() == 0) {
            close(pair[0]);
            dup2(open("/dev/null", O_RDWR), 1);
            signal(SIGPIPE, SIG_IGN);
            station(pair[1]);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(pair[1]);
    return pair[0];
}

int main(void)
{
    static struct packer packer;
    static union {
        uint8_t bytes[1 << 18];
        struct sample samples[(1 << 18) / sizeof(struct sample)];
    } in;
    size_t held = 0;
    int line = open_station();
    packer.fd = open_segment(0);
    if (line < 0 || packer.fd < 0)
        return 1;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (;;) {
        ssize_t got = read(line, in.bytes + held, sizeof in.bytes - held);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0;
        held += (size_t)got;
        size_t whole = held / sizeof(struct sample);
        if (pack(&packer, in.samples, whole))
            return 1;
        size_t used = whole * sizeof(struct sample);
        memmove(in.bytes, in.bytes + used, held - used);
        held -= used;
    }
}
