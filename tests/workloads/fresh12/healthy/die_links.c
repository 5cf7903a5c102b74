// expect: healthy bench
/* Which coins were struck from the same die: each photograph of the collectors' archive has become a signature of 512
 * bits; new finds are compared with all of the archive, which is mapped from its file, and the nearest are kept in a
 * small heap. The links go out by the block.
 * Measured: a find takes 1.3 ms of a core, at 150 finds a second. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WORDS 8
#define COINS 60000
#define DIES 2500
#define NEAREST 6
#define BATCH 6
#define EVERY_NS 40000000L

struct signature {
    uint64_t words[WORDS];
    uint32_t coin;
    uint32_t mint;
};

struct link {
    uint32_t coin;
    uint32_t distance;
};

/* The nearest coins to a find, the farthest of them on top. */
struct nearest {
    struct link links[NEAREST];
    int count;
};

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t chance(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void sink(struct nearest *found)
{
    int at = 0;
    struct link moved = found->links[0];
    for (;;) {
        int child = 2 * at + 1;
        if (child >= found->count)
            break;
        if (child + 1 < found->count && found->links[child + 1].distance > found->links[child].distance)
            child++;
        if (found->links[child].distance <= moved.distance)
            break;
        found->links[at] = found->links[child];
        at = child;
    }
    found->links[at] = moved;
}

static void offer(struct nearest *found, uint32_t coin, uint32_t distance)
{
    if (found->count < NEAREST) {
        int at = found->count++;
        while (at > 0 && found->links[(at - 1) / 2].distance < distance) {
            found->links[at] = found->links[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        found->links[at] = (struct link){coin, distance};
    } else if (distance < found->links[0].distance) {
        found->links[0] = (struct link){coin, distance};
        sink(found);
    }
}

static uint32_t distance(const struct signature *one, const struct signature *other)
{
    uint32_t bits = 0;
    for (int word = 0; word < WORDS; word++)
        bits += (uint32_t)__builtin_popcountll(one->words[word] ^ other->words[word]);
    return bits;
}

static void compare(const struct signature *archive, const struct signature *find, struct nearest *found)
{
    found->count = 0;
    for (size_t at = 0; at < COINS; at++) {
        if (archive[at].mint != find->mint && find->mint)
            continue;
        offer(found, archive[at].coin, distance(&archive[at], find));
    }
}

/* A coin of a die: worn, so that some bits are others. */
static void strike(struct signature *coin, const struct signature *dies, uint32_t number)
{
    *coin = dies[chance() % DIES];
    coin->coin = number;
    for (int worn = (int)(chance() % 40); worn > 0; worn--) {
        uint64_t bit = chance() % (WORDS * 64);
        coin->words[bit / 64] ^= 1ull << (bit % 64);
    }
}

static void write_archive(const char *path, const struct signature *dies)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        die(path);
    for (uint32_t number = 0; number < COINS; number++) {
        struct signature coin;
        strike(&coin, dies, number);
        if (fwrite(&coin, sizeof coin, 1, file) != 1)
            die("write");
    }
    if (fclose(file))
        die("close");
}

static const struct signature *map_archive(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        die(path);
    void *mapped = mmap(NULL, COINS * sizeof(struct signature), PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (mapped == MAP_FAILED)
        die("mmap");
    close(file);
    return mapped;
}

/* The time until which a turn lasts. */
static void next_turn(struct timespec *due)
{
    due->tv_nsec += EVERY_NS;
    if (due->tv_nsec >= 1000000000L) {
        due->tv_nsec -= 1000000000L;
        due->tv_sec++;
    }
}

int main(void)
{
    char folder[] = "/tmp/die-links-XXXXXX";
    char path[64];
    static struct signature dies[DIES];
    if (!mkdtemp(folder))
        die(folder);
    for (size_t number = 0; number < DIES; number++) {
        for (int word = 0; word < WORDS; word++)
            dies[number].words[word] = chance();
        dies[number].mint = 1 + (uint32_t)(chance() % 3);
    }
    snprintf(path, sizeof path, "%s/archive.bin", folder);
    write_archive(path, dies);
    const struct signature *archive = map_archive(path);

    snprintf(path, sizeof path, "%s/links.csv", folder);
    FILE *links = fopen(path, "w");
    if (!links)
        die(path);
    setvbuf(links, NULL, _IOFBF, 1 << 16);

    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    uint32_t number = COINS;
    for (unsigned turn = 0;; turn++) {
        for (int count = 0; count < BATCH; count++) {
            struct signature find;
            struct nearest found;
            strike(&find, dies, number++);
            if (count == 0)
                find.mint = 0; /* unknown: it is looked for everywhere */
            compare(archive, &find, &found);
            for (int at = 0; at < found.count; at++)
                fprintf(links, "%u;%u;%u\n", find.coin, found.links[at].coin, found.links[at].distance);
        }
        if (turn % 25 == 24)
            fflush(links);
        if (turn == 20) {
            printf("ready %d\n", (int)getpid());
            fflush(stdout);
        }
        next_turn(&due);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}
