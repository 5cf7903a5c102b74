// expect: pattern=small-io bench
//
// Keeper of the segments of a key-value store (the append-only kind) that holds the readings of tagged whelks: each
// round it merges one old segment into a new one, and drops the records that were overwritten since. A record is a
// header and a value; the key directory in memory tells for each whelk where its last record is.
//
// Measured: problem: 0.46 to 0.53 cores for four merges a second; repaired: 0.03 cores for the same.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WHELKS 40000
#define SEGMENTS 4
#define RECORDS 60000
#define PERIOD_NS 250000000L
#define VALUE_MAX 64

struct header {
    uint32_t key;
    uint32_t crc;
    uint32_t at;
    uint16_t length;
    uint16_t kind;
};

struct place {
    uint32_t segment;
    uint32_t offset;
};

struct merged {
    long read, kept, broken;
};

static uint32_t crc_of[256];
static struct place keydir[SEGMENTS][WHELKS];
static uint64_t seed = 88172645463325252ULL;

static uint64_t draw(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void make_crc(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t c = n;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xEDB88320U ^ (c >> 1) : c >> 1;
        crc_of[n] = c;
    }
}

static uint32_t crc32(const unsigned char *bytes, size_t length) {
    uint32_t c = ~0U;
    for (size_t n = 0; n < length; n++)
        c = crc_of[(c ^ bytes[n]) & 255] ^ (c >> 8);
    return ~c;
}

static void segment_name(char *name, size_t size, int number, const char *kind) {
    snprintf(name, size, "segment-%02d.%s", number, kind);
}

/* A segment as the writers leave it. */
static void write_segment(int number) {
    char name[64];
    segment_name(name, sizeof name, number, "data");
    FILE *out = fopen(name, "wb");
    if (!out)
        fail(name);
    uint32_t offset = 0;
    for (int n = 0; n < RECORDS; n++) {
        unsigned char value[VALUE_MAX];
        struct header head = {.key = draw() % WHELKS, .at = 1700000000U + n, .kind = 1};
        head.length = 12 + draw() % 24;
        for (int i = 0; i < head.length; i++)
            value[i] = 'a' + (n * 7 + i) % 26;
        head.crc = crc32(value, head.length);
        keydir[number][head.key] = (struct place){number, offset};
        fwrite(&head, sizeof head, 1, out);
        fwrite(value, head.length, 1, out);
        offset += sizeof head + head.length;
    }
    if (fclose(out))
        fail(name);
}

static int read_full(int from, void *to, size_t length) {
    size_t got = 0;
    while (got < length) {
        ssize_t n = read(from, (char *)to + got, length - got); // <- cost
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        got += n;
    }
    return 1;
}

static void write_full(int to, const void *from, size_t length) {
    size_t put = 0;
    while (put < length) {
        ssize_t n = write(to, (const char *)from + put, length - put); // <- cost
        if (n < 0) {
            if (errno == EINTR)
                continue;
            fail("write");
        }
        put += n;
    }
}

static struct merged merge_segment(int number) {
    struct merged seen = {0, 0, 0};
    struct header head;
    unsigned char value[VALUE_MAX];
    char old[64], new[64];
    segment_name(old, sizeof old, number, "data");
    segment_name(new, sizeof new, number, "merge");
    int from = open(old, O_RDONLY | O_CLOEXEC);
    int to = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (from < 0 || to < 0)
        fail(new);
    uint32_t offset = 0;
    while (read_full(from, &head, sizeof head)) { // <- cost
        if (head.length > VALUE_MAX || !read_full(from, value, head.length)) // <- cost
            break;
        uint32_t here = offset;
        offset += sizeof head + head.length;
        seen.read++;
        if (crc32(value, head.length) != head.crc) {
            seen.broken++;
            continue;
        }
        const struct place *last = &keydir[number][head.key];
        if (last->segment != (uint32_t)number || last->offset != here)
            continue;
        write_full(to, &head, sizeof head); // <- cost
        write_full(to, value, head.length); // <- cost
        seen.kept++;
    }
    close(from);
    if (close(to))
        fail(new);
    return seen;
}

/* The readers switch over to the new segment; here its successor has filled up in the meantime. */
static void publish(int number, struct merged seen) {
    char new[64], live[64];
    segment_name(new, sizeof new, number, "merge");
    segment_name(live, sizeof live, number, "live");
    if (rename(new, live))
        fail(live);
    if (seen.broken)
        fprintf(stderr, "segment %d: %ld broken records\n", number, seen.broken);
}

int main(void) {
    make_crc();
    memset(keydir, 255, sizeof keydir);
    for (int n = 0; n < SEGMENTS; n++)
        write_segment(n);
    printf("ready %d\n", (int)getpid());
    fflush(stdout);

    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (long round = 0;; round++) {
        int number = round % SEGMENTS;
        struct merged seen = merge_segment(number);
        publish(number, seen);
        due.tv_nsec += PERIOD_NS;
        if (due.tv_nsec >= 1000000000L) {
            due.tv_nsec -= 1000000000L;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}
