// expect: healthy bench
/*
 * Makes the records of a census anonymous as they stream through: replaces the number of each person by a keyed sum,
 * rounds ages, drops what may not leave the house, and hands the rest to the next program, in large blocks.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (128 << 10)
#define LONGEST 256
#define BYTES_PER_SECOND (24 << 20)

struct stream {
    int from, to;
    size_t filled, made;
    char in[BLOCK], out[BLOCK + LONGEST];
    uint64_t records, dropped, bytes;
};

static const uint64_t key = 0x9e3779b97f4a7c15u;
static struct stream stream;

static uint64_t keyed_sum(const char *text, size_t size)
{
    uint64_t sum = key ^ size;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3u;
    return sum ^ sum >> 29;
}

static int write_all(int to, const char *from, size_t size)
{
    while (size) {
        ssize_t wrote = write(to, from, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return -1;
        from += wrote;
        size -= (size_t)wrote;
    }
    return 0;
}

static int hand_on(struct stream *stream)
{
    int failed = write_all(stream->to, stream->out, stream->made);
    stream->bytes += stream->made;
    stream->made = 0;
    return failed;
}

static char *put_hex(char *to, uint64_t value)
{
    for (int at = 60; at >= 0; at -= 4)
        *to++ = "0123456789abcdef"[value >> at & 15];
    return to;
}

/* One record: number;age;municipality;kind. Nothing comes out of one that may not leave the house. */
static void convert(struct stream *stream, const char *record, size_t size)
{
    const char *age = memchr(record, ';', size);
    stream->records++;
    if (!age || record[size - 1] == 'X') {
        stream->dropped++;
        return;
    }
    size_t number = (size_t)(age - record);
    char *to = put_hex(stream->out + stream->made, keyed_sum(record, number));
    int years = atoi(age + 1);
    years -= years % 5;
    *to++ = ';';
    *to++ = (char)('0' + years / 10 % 10);
    *to++ = (char)('0' + years % 10);
    const char *rest = memchr(age + 1, ';', size - number - 1);
    if (rest) {
        size_t left = size - (size_t)(rest - record);
        memcpy(to, rest, left);
        to += left;
    }
    *to++ = '\n';
    stream->made = (size_t)(to - stream->out);
}

static int pump(struct stream *stream)
{
    ssize_t got = read(stream->from, stream->in + stream->filled, BLOCK - stream->filled);
    if (got <= 0)
        return got < 0 && errno == EINTR ? 0 : -1;
    stream->filled += (size_t)got;
    char *at = stream->in, *end = stream->in + stream->filled, *line;
    while ((line = memchr(at, '\n', (size_t)(end - at)))) {
        if (line > at && line - at < LONGEST)
            convert(stream, at, (size_t)(line - at));
        at = line + 1;
        if (stream->made > BLOCK - LONGEST && hand_on(stream) < 0)
            return -1;
    }
    stream->filled = (size_t)(end - at);
    if (stream->filled == BLOCK)
        stream->filled = 0; /* a line without an end */
    memmove(stream->in, at, stream->filled);
    return 0;
}

/* The office that sends the records, at a rate of its own. */
static void send_records(int to)
{
    static char block[BLOCK];
    for (unsigned number = 0;;) {
        size_t made = 0;
        while (made < BLOCK - LONGEST)
            made += (size_t)snprintf(block + made, LONGEST, "P%09u;%u;municipality-%u;%c\n", number * 7919u % 999999937u,
                                     number % 97, number % 411, number++ % 50 ? 'H' : 'X');
        if (write_all(to, block, made) < 0)
            _exit(0);
        struct timespec pause = {0, (long)(made * 1000000000.0 / BYTES_PER_SECOND)};
        nanosleep(&pause, NULL);
    }
}

static void receive(int from)
{
    static char block[BLOCK];
    while (read(from, block, sizeof block) > 0)
        ;
    _exit(0);
}

static void outside(void (*work)(int), int end, int other)
{
    pid_t child = fork();
    if (child == 0) {
        close(other);
        if (fork() == 0)
            work(end);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(end);
}

int main(void)
{
    int source[2], target[2];
    FILE *log = fopen("census.log", "w");
    if (!log || pipe(source) < 0)
        return 1;
    outside(send_records, source[1], source[0]);
    if (pipe(target) < 0)
        return 1;
    outside(receive, target[0], target[1]);
    stream.from = source[0];
    stream.to = target[1];
    time_t began = time(NULL), told = began;
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (pump(&stream) == 0) {
        time_t now = time(NULL);
        if (now == told)
            continue;
        told = now;
        fprintf(log, "%ld s, %lu records, %lu dropped, %lu bytes\n", (long)(now - began), stream.records, stream.dropped,
                stream.bytes);
        fflush(log);
    }
    return 0;
}
