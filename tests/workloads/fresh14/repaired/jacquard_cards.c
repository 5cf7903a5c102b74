// expect: healthy bench
// Compiles weaving drafts to the card file of a Jacquard loom: for each pick it works out which of 1344 hooks are lifted
// (figure over a ground weave, floats bound down) and writes a card of words in hex. The file is begun anew when it is full.
// Measured (this is the repaired twin):
// 40 ms of CPU for a draft of 480 cards (34 in the kernel: write, fstat and lseek for each word), its twin 3.8 ms
// (writes of 4096 bytes).

#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HOOKS = 1344, WORDS = HOOKS / 32, FIGURE = 168, LONGEST_FLOAT = 9, PICKS = 480 };

struct draft {
    unsigned char figure[FIGURE][FIGURE];
    int ground; /* 2: plain, 4: twill, 5 and 8: satin */
    int step;
};

struct deck {
    FILE *file;
    long cards;
    off_t written;
    off_t limit;
};

static void fail(const char *what)
{
    fprintf(stderr, "jacquard: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void deck_open(struct deck *deck, const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/loom7.cards", folder);
    deck->file = fopen(path, "we");
    if (!deck->file)
        fail(path);
    deck->cards = 0;
    deck->written = 0;
    deck->limit = 8 << 20;
}

static void deck_finish(struct deck *deck)
{
    if (fflush(deck->file) != 0)
        fail("write");
    if (deck->written < deck->limit)
        return;
    if (ftruncate(fileno(deck->file), 0) < 0 || fseek(deck->file, 0, SEEK_SET) < 0)
        fail("truncate");
    deck->written = 0;
}

static void punch(struct deck *deck, const char *format, uint32_t word)
{
    int n = fprintf(deck->file, format, word);
    if (n < 0)
        fail("write");
    deck->written += n;
}

static void draft_make(struct draft *draft, unsigned seed)
{
    static const int grounds[] = {2, 4, 5, 8}, steps[] = {1, 1, 2, 3};
    int centre_x = 40 + seed % 80, centre_y = 40 + seed / 3 % 80, size = 600 + seed % 3000;
    draft->ground = grounds[seed % 4];
    draft->step = steps[seed % 4];
    for (int y = 0; y < FIGURE; y++)
        for (int x = 0; x < FIGURE; x++) {
            int dx = x - centre_x, dy = y - centre_y, petal = (dx * dy) / 24;
            draft->figure[y][x] = dx * dx + dy * dy + petal * petal < size;
        }
}

static int ground_lifts(const struct draft *draft, int hook, int pick)
{
    return (hook + draft->ground * 4096 - pick * draft->step) % draft->ground == 0;
}

/* The hooks of one pick; where a thread would float too long it is bound down. */
static int lift_hooks(const struct draft *draft, int pick, uint32_t lifted[WORDS])
{
    int run = 0, bound = 0;
    memset(lifted, 0, WORDS * sizeof *lifted);
    for (int hook = 0; hook < HOOKS; hook++) {
        int up = draft->figure[pick % FIGURE][hook % FIGURE] ? !ground_lifts(draft, hook, pick)
                                                             : ground_lifts(draft, hook, pick);
        run = up ? run + 1 : 0;
        if (run > LONGEST_FLOAT) {
            up = 0;
            run = 0;
            bound++;
        }
        if (up)
            lifted[hook / 32] |= 1u << hook % 32;
    }
    return bound;
}

static uint32_t check_word(const uint32_t lifted[WORDS])
{
    uint32_t sum = 0x1804;
    for (int i = 0; i < WORDS; i++)
        sum = (sum << 5 | sum >> 27) ^ lifted[i];
    return sum;
}

static int weave_card(struct deck *deck, const struct draft *draft, int pick)
{
    uint32_t lifted[WORDS];
    int bound = lift_hooks(draft, pick, lifted);
    punch(deck, "card %u", (uint32_t)deck->cards++);
    punch(deck, " shuttle %u:", (uint32_t)(pick / 2 % 3));
    for (int i = 0; i < WORDS; i++)
        punch(deck, " %08x", lifted[i]);
    punch(deck, " =%08x\n", check_word(lifted));
    return bound;
}

static void weave(struct deck *deck, const struct draft *draft, long *bound)
{
    for (int pick = 0; pick < PICKS; pick++)
        *bound += weave_card(deck, draft, pick);
    deck_finish(deck);
}

int main(void)
{
    char folder[] = "/tmp/jacquard.XXXXXX";
    struct deck deck;
    struct draft *draft = malloc(sizeof *draft);
    const struct timespec pause = {0, 25 * 1000 * 1000};
    long bound = 0;
    if (!draft || !mkdtemp(folder))
        fail("begin");
    deck_open(&deck, folder);
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (unsigned number = 1;; number++) {
        draft_make(draft, number * 2654435761u >> 8);
        weave(&deck, draft, &bound);
        if (number % 1000 == 0)
            fprintf(stderr, "jacquard: %u drafts, %ld floats bound\n", number, bound);
        nanosleep(&pause, NULL);
    }
}
