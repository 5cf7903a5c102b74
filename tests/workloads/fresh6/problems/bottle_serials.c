/* expect: pattern=small-io bench */
// Makes the serial numbers for the labels of a winery: for each lot that is bottled a spool file for the printer, with a
// line for every bottle: a number that cannot be guessed, a check digit, the case it goes into, and the fill.
// Measured: a bottle costs a write of 24 bytes and 2.0 us of CPU time, 59 % of it in the kernel; 0.2 us in the twin, which
// writes 4096 bytes at a time.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOTS 5       /* files that are kept */
#define PER_CASE 12
#define PER_PALLET 56 /* cases */

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char *const WINES[] = {"Riesling", "Silvaner", "Pinot Noir", "Gruener Veltliner", "Blaufraenkisch"};

struct lot {
    unsigned number;
    unsigned bottles;
    int vintage;
    const char *wine;
    uint64_t key;
};

struct fill {
    double sum, lowest;
    unsigned rejected;
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t value = (*state += 0x9e3779b97f4a7c15u);
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static struct lot next_lot(unsigned number, uint64_t *chance)
{
    struct lot lot = {number, 0, 2015 + (int)(number % 9), WINES[number % 5], 0};
    lot.bottles = 90000 + (unsigned)(next_random(chance) % 60000);
    lot.key = next_random(chance);
    return lot;
}

/* Ten characters that depend on the lot's key, and a check digit by Luhn's method to the base of 32. */
static void make_serial(const struct lot *lot, unsigned bottle, char serial[12])
{
    uint64_t mixed = lot->key ^ ((uint64_t)bottle << 20);
    mixed = next_random(&mixed);
    unsigned sum = 0;
    for (int at = 9; at >= 0; at--) {
        unsigned digit = mixed & 31;
        mixed >>= 5;
        serial[at] = ALPHABET[digit];
        unsigned weighted = (at & 1) ? digit * 2 : digit;
        sum += weighted / 32 + weighted % 32;
    }
    serial[10] = ALPHABET[(32 - sum % 32) % 32];
    serial[11] = 0;
}

/* What the scale under the filler says, in millilitres. */
static double weigh(uint64_t *chance)
{
    double sum = 0;
    for (int n = 0; n < 4; n++)
        sum += (double)(next_random(chance) & 0xffff) / 65536.0;
    return 750.0 + (sum - 2.0) * 3.5;
}

static int open_spool(const struct lot *lot)
{
    char path[64];
    snprintf(path, sizeof path, "lot-%u.spool", lot->number % LOTS);
    int spool = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (spool < 0) {
        perror(path);
        exit(1);
    }
    return spool;
}

static struct fill print_lot(const struct lot *lot, uint64_t *chance)
{
    struct fill fill = {0, 1000, 0};
    char serial[12];
    int spool = open_spool(lot); // <- cost
    dprintf(spool, "LOT %u;%s;%d;%u bottles\n", lot->number, lot->wine, lot->vintage, lot->bottles);
    for (unsigned bottle = 0; bottle < lot->bottles; bottle++) { // <- cost
        double millilitres = weigh(chance);
        fill.sum += millilitres;
        if (millilitres < fill.lowest)
            fill.lowest = millilitres;
        if (millilitres < 745.0) {
            fill.rejected++;
            continue;
        }
        make_serial(lot, bottle, serial);
        unsigned box = bottle / PER_CASE;
        dprintf(spool, "%s;%u;%u;%u.%u\n", serial, box / PER_PALLET, box % PER_PALLET, // <- cost
                (unsigned)millilitres, (unsigned)(millilitres * 10) % 10); // <- cost
    }
    dprintf(spool, "END %u rejected\n", fill.rejected);
    close(spool);
    return fill;
}

int main(void)
{
    FILE *log = fopen("bottling.log", "w");
    if (!log) {
        perror("bottling.log");
        return 1;
    }
    uint64_t chance = 20260915;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (unsigned number = 1;; number++) {
        struct lot lot = next_lot(number, &chance);
        struct timespec began, ended;
        clock_gettime(CLOCK_MONOTONIC, &began);
        struct fill fill = print_lot(&lot, &chance); // <- cost
        clock_gettime(CLOCK_MONOTONIC, &ended);
        double spent = (double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec);
        fprintf(log, "lot %u: %u bottles, %.0f ns each, mean %.2f ml, lowest %.2f ml, %u rejected\n", lot.number, lot.bottles,
                spent / lot.bottles, fill.sum / lot.bottles, fill.lowest, fill.rejected);
        fflush(log);
        usleep(20000); /* the printer changes its roll */
    }
}
