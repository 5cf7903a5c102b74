/* expect: healthy bench */
/*
 * Places queens and knights on boards of chess so that none attacks another, with bit masks: counts the solutions for a
 * collection of puzzles, one after the other, on one core.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE 10
#define PUZZLES 64
#define DEEPEST SIZE

struct puzzle {
    char name[24];
    uint16_t blocked[SIZE]; /* fields that are taken, by row */
    int knights;            /* queens jump like knights as well, from this row on */
};

struct result {
    uint64_t solutions, nodes;
};

static uint32_t chance(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void make(struct puzzle *puzzle, int number)
{
    uint32_t state = 2463534242u + (uint32_t)number;
    snprintf(puzzle->name, sizeof puzzle->name, "puzzle %d", number);
    for (int row = 0; row < SIZE; row++)
        puzzle->blocked[row] = (uint16_t)(1u << chance(&state) % SIZE | 1u << chance(&state) % SIZE);
    puzzle->knights = (int)(chance(&state) % SIZE);
}

/* The fields of a row that a knight on one of `fields` reaches: a row further by two, or two rows further by one. */
static unsigned jumps(unsigned one, unsigned two)
{
    return one << 2 | one >> 2 | two << 1 | two >> 1;
}

static void place(const struct puzzle *puzzle, struct result *result, int row, unsigned columns, unsigned falling,
                  unsigned rising, unsigned last, unsigned before)
{
    if (row == DEEPEST) {
        result->solutions++;
        return;
    }
    unsigned all = (1u << SIZE) - 1;
    unsigned taken = columns | falling | rising | puzzle->blocked[row];
    if (row > puzzle->knights)
        taken |= jumps(last, before);
    for (unsigned open = all & ~taken; open; open &= open - 1) {
        unsigned field = open & -open;
        result->nodes++;
        place(puzzle, result, row + 1, columns | field, (falling | field) << 1, (rising | field) >> 1, field, last);
    }
}

static struct result solve(const struct puzzle *puzzle)
{
    struct result result = {0, 0};
    place(puzzle, &result, 0, 0, 0, 0, 0, 0);
    return result;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
    struct puzzle puzzles[PUZZLES];
    uint64_t nodes = 0, solved = 0, most = 0;
    FILE *log = fopen("puzzles.log", "w");
    if (!log)
        return 1;
    printf("ready %d\n", getpid());
    fflush(stdout);
    double began = seconds(), told = began;
    for (int collection = 0;; collection++) {
        for (int i = 0; i < PUZZLES; i++)
            make(&puzzles[i], collection * PUZZLES + i);
        for (int i = 0; i < PUZZLES; i++) {
            struct result result = solve(&puzzles[i]);
            nodes += result.nodes;
            solved++;
            if (result.solutions > most) {
                most = result.solutions;
                fprintf(log, "%s has %llu solutions, the most so far\n", puzzles[i].name, (unsigned long long)most);
            }
        }
        if (seconds() - told > 1) {
            told = seconds();
            fprintf(log, "%.0f s, %llu puzzles, %llu fields tried\n", told - began, (unsigned long long)solved,
                    (unsigned long long)nodes);
            fflush(log);
        }
    }
}
