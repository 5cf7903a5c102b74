// expect: healthy bench
// The accounts of a waste collection: telegrams of the vehicles (place, fuel, kilograms) are taken in blocks from the
// radio's thread, decoded, checked and added to the street's and the vehicle's sums; once a second the sums are put into
// a new file that takes the old one's place. (Two threads that meet at one lock, but only once for each block; the blocks
// are two that change hands.)
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VEHICLES 64
#define STREETS 4096
#define TELEGRAM 24
#define IN_A_BLOCK 80000

struct telegram {
    uint32_t vehicle, street, kilos, millilitres, seconds;
};

struct block {
    unsigned char bytes[IN_A_BLOCK * TELEGRAM];
    int full;
};

struct street_sum {
    uint64_t kilos, lifts, seconds;
};

struct vehicle_sum {
    uint64_t kilos, millilitres, seconds;
    uint32_t street;
};

static struct block blocks[2];
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static struct street_sum streets[STREETS];
static struct vehicle_sum vehicles[VEHICLES];
static uint64_t taken, broken;

static uint32_t roll(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void put(unsigned char *to, uint32_t value)
{
    for (int at = 0; at < 4; at++)
        to[at] = (unsigned char)(value >> (24 - 8 * at));
}

static uint32_t get(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

// Fletcher's sum over what is before it.
static uint32_t check_sum(const unsigned char *bytes, int length)
{
    uint32_t low = 1, high = 0;
    for (int at = 0; at < length; at++) {
        low += bytes[at];
        high += low;
    }
    return (high % 65521) << 16 | low % 65521;
}

static void wait_until(struct block *block, int full)
{
    pthread_mutex_lock(&guard);
    while (block->full != full)
        pthread_cond_wait(&changed, &guard);
    pthread_mutex_unlock(&guard);
}

static void hand_over(struct block *block, int full)
{
    pthread_mutex_lock(&guard);
    block->full = full;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&guard);
}

// What the vehicles send: each goes through its streets.
static void *radio(void *unused)
{
    (void)unused;
    uint32_t state = 2463534242u;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    for (int turn = 0;; turn ^= 1) {
        wait_until(&blocks[turn], 0);
        unsigned char *to = blocks[turn].bytes;
        for (int number = 0; number < IN_A_BLOCK; number++, to += TELEGRAM) {
            uint32_t vehicle = roll(&state) % VEHICLES;
            put(to, vehicle);
            put(to + 4, (vehicle * 61 + roll(&state) % 64) % STREETS);
            put(to + 8, 4 + roll(&state) % 90);
            put(to + 12, 10 + roll(&state) % 60);
            put(to + 16, 12 + roll(&state) % 40);
            put(to + 20, check_sum(to, 20) + (roll(&state) % 5000 == 0));
        }
        hand_over(&blocks[turn], 1);
        due.tv_nsec += 50000000;
        if (due.tv_nsec >= 1000000000) {
            due.tv_nsec -= 1000000000;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    return NULL;
}

static int decode(const unsigned char *bytes, struct telegram *telegram)
{
    if (get(bytes + 20) != check_sum(bytes, 20))
        return 0;
    *telegram = (struct telegram){get(bytes), get(bytes + 4), get(bytes + 8), get(bytes + 12), get(bytes + 16)};
    return telegram->vehicle < VEHICLES && telegram->street < STREETS;
}

static void book(const struct telegram *telegram)
{
    struct street_sum *street = &streets[telegram->street];
    struct vehicle_sum *vehicle = &vehicles[telegram->vehicle];
    street->kilos += telegram->kilos;
    street->lifts++;
    street->seconds += telegram->seconds;
    vehicle->kilos += telegram->kilos;
    vehicle->millilitres += telegram->millilitres;
    vehicle->seconds += telegram->seconds;
    vehicle->street = telegram->street;
}

static void take(const struct block *block)
{
    const unsigned char *bytes = block->bytes;
    for (int number = 0; number < IN_A_BLOCK; number++, bytes += TELEGRAM) {
        struct telegram telegram;
        if (decode(bytes, &telegram)) {
            book(&telegram);
            taken++;
        } else {
            broken++;
        }
    }
}

// The sums, in a file that is whole at any time.
static int tell(const char *folder)
{
    char fresh[4200], path[4200];
    snprintf(fresh, sizeof fresh, "%s/sums.new", folder);
    snprintf(path, sizeof path, "%s/sums.csv", folder);
    FILE *file = fopen(fresh, "w");
    if (!file)
        return 0;
    fprintf(file, "taken;%lu;broken;%lu\n", (unsigned long)taken, (unsigned long)broken);
    for (int number = 0; number < VEHICLES; number++) {
        const struct vehicle_sum *vehicle = &vehicles[number];
        double hours = (double)vehicle->seconds / 3600;
        fprintf(file, "vehicle;%d;%.1f t;%.1f l;%.2f t/h;street %u\n", number, (double)vehicle->kilos / 1000,
                (double)vehicle->millilitres / 1000, hours > 0 ? (double)vehicle->kilos / 1000 / hours : 0,
                vehicle->street);
    }
    for (int number = 0; number < STREETS; number++)
        if (streets[number].lifts)
            fprintf(file, "street;%d;%.1f kg;%.1f s\n", number, (double)streets[number].kilos / (double)streets[number].lifts,
                    (double)streets[number].seconds / (double)streets[number].lifts);
    return fclose(file) == 0 && rename(fresh, path) == 0;
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/rounds-XXXXXX", base ? base : "/tmp");
    pthread_t thread;
    if (!mkdtemp(folder) || pthread_create(&thread, NULL, radio, NULL)) {
        perror("cannot begin");
        return 1;
    }
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (unsigned turn = 0;; turn++) {
        struct block *block = &blocks[turn % 2];
        wait_until(block, 1);
        take(block);
        hand_over(block, 0);
        if (turn % 20 == 19 && !tell(folder)) {
            perror("cannot write the sums");
            return 1;
        }
    }
}
