// expect: healthy bench
// Stowage of a ferry's car deck: for each sailing, orders of loading are tried, the vehicles are set on the deck's grid of
// decimetres, and the best plan goes to the loading officer: nobody blocked at his port of call, no plate overloaded,
// as little heel as can be.
// Measured: a sailing takes 10.8 ms of CPU; 90 ms in the problem.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH = 1640, WIDTH = 260, LANES = 8, VEHICLES = 150, TRIALS = 60, PLATE = 20 };
enum { CELLS = LENGTH * WIDTH, PLATES = (LENGTH / PLATE) * (WIDTH / PLATE) };

struct vehicle {
    int length, width; // decimetres
    float tons;
    int port; // where it leaves: 0 the first
    int booking;
};

struct plan {
    int order[VEHICLES];
    int placed;
    double heel; // metre tons
    double overload;
    int blocked;
    double cost;
};

// The deck while a plan is tried: who stands on a cell, and what weighs on it.
struct deck {
    int16_t *standing;
    float *load;
    int16_t *port;
};

static uint64_t state = 88172645463325252u;

static uint32_t chance(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % below;
}

static void build_deck(struct deck *deck) {
    deck->standing = malloc(CELLS * sizeof *deck->standing);
    deck->load = malloc(CELLS * sizeof *deck->load);
    deck->port = malloc(CELLS * sizeof *deck->port);
    if (!deck->standing || !deck->load || !deck->port) {
        perror("deck");
        exit(1);
    }
}

static void clear_deck(struct deck *deck) {
    memset(deck->standing, 0xff, CELLS * sizeof *deck->standing);
    memset(deck->load, 0, CELLS * sizeof *deck->load);
    memset(deck->port, 0xff, CELLS * sizeof *deck->port);
}

// The corners of a vehicle are marked, and its axles press on the deck.
static void place(struct deck *deck, const struct vehicle *vehicle, int number, int row, int left) {
    int rows[2] = {row, row + vehicle->length - 1};
    for (int end = 0; end < 2; end++) {
        for (int column = left; column < left + vehicle->width; column++) {
            deck->standing[rows[end] * WIDTH + column] = (int16_t)number;
            deck->port[rows[end] * WIDTH + column] = (int16_t)vehicle->port;
        }
        int axle = end ? rows[1] - vehicle->length / 5 : rows[0] + vehicle->length / 5;
        deck->load[axle * WIDTH + left + 2] += vehicle->tons / 4;
        deck->load[axle * WIDTH + left + vehicle->width - 3] += vehicle->tons / 4;
    }
}

// How far the plates below the axles are loaded beyond what they bear.
static double overload(const struct deck *deck, const int *axles, int count) {
    float plates[PLATES] = {0};
    double beyond = 0;
    for (int at = 0; at < count; at++) {
        int row = axles[at] / WIDTH / PLATE, column = axles[at] % WIDTH / PLATE;
        plates[row * (WIDTH / PLATE) + column] += deck->load[axles[at]];
    }
    for (int plate = 0; plate < PLATES; plate++)
        beyond += plates[plate] > 5.5f ? plates[plate] - 5.5f : 0;
    return beyond;
}

// Loads the deck in the plan's order, from the bow, in the lane that is filled least.
static void try_plan(struct deck *deck, struct plan *plan, const struct vehicle *vehicles) {
    int filled[LANES] = {0}, axles[VEHICLES * 4], count = 0;
    clear_deck(deck);
    plan->placed = plan->blocked = 0;
    plan->heel = 0;
    for (int at = 0; at < VEHICLES; at++) {
        const struct vehicle *vehicle = &vehicles[plan->order[at]];
        int lane = 0;
        for (int other = 1; other < LANES; other++)
            lane = filled[other] < filled[lane] ? other : lane;
        if (filled[lane] + vehicle->length + 4 > LENGTH)
            continue;
        int row = filled[lane], left = lane * (WIDTH / LANES) + (WIDTH / LANES - vehicle->width) / 2;
        if (row > 4 && deck->port[(row - 5) * WIDTH + WIDTH / LANES * lane + WIDTH / LANES / 2] > vehicle->port)
            plan->blocked++;
        place(deck, vehicle, plan->order[at], row, left);
        for (int axle = 0; axle < 4; axle++) {
            int from = axle / 2 ? row + vehicle->length - 1 - vehicle->length / 5 : row + vehicle->length / 5;
            axles[count++] = from * WIDTH + left + (axle % 2 ? vehicle->width - 3 : 2);
        }
        plan->heel += vehicle->tons * (left + vehicle->width / 2 - WIDTH / 2) / 10.0;
        plan->placed++;
        filled[lane] += vehicle->length + 4;
    }
    plan->overload = overload(deck, axles, count);
    plan->cost = fabs(plan->heel) / 20 + plan->overload * 3 + plan->blocked * 2 + (VEHICLES - plan->placed) * 9;
}

static void book(struct vehicle *vehicles) {
    for (int number = 0; number < VEHICLES; number++) {
        int lorry = chance(6) == 0;
        vehicles[number].length = lorry ? 110 + chance(55) : 38 + chance(16);
        vehicles[number].width = lorry ? 25 : 17 + chance(4);
        vehicles[number].tons = lorry ? 14 + chance(26) : 1.1f + chance(16) / 10.0f;
        vehicles[number].port = (int)chance(3);
        vehicles[number].booking = 70000 + number;
    }
}

// The best of the plans that were tried; each follows from the best so far by exchanges.
static struct plan stow(struct deck *deck, const struct vehicle *vehicles) {
    struct plan best, next;
    for (int at = 0; at < VEHICLES; at++)
        best.order[at] = at;
    try_plan(deck, &best, vehicles);
    for (int trial = 1; trial < TRIALS; trial++) {
        next = best;
        for (int exchange = 1 + chance(3); exchange > 0; exchange--) {
            int one = chance(VEHICLES), other = chance(VEHICLES), kept = next.order[one];
            next.order[one] = next.order[other];
            next.order[other] = kept;
        }
        try_plan(deck, &next, vehicles);
        if (next.cost <= best.cost)
            best = next;
    }
    return best;
}

int main(void) {
    static struct vehicle vehicles[VEHICLES];
    struct deck deck;
    struct timespec due;
    build_deck(&deck);
    clock_gettime(CLOCK_MONOTONIC, &due);
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    for (long sailing = 1;; sailing++) {
        book(vehicles);
        struct plan plan = stow(&deck, vehicles);
        if (sailing % 15 == 0)
            fprintf(stderr, "sailing %ld: %d stowed, heel %.0f, %d blocked, cost %.1f; %.2f ms of CPU each\n", sailing,
                    plan.placed, plan.heel, plan.blocked, plan.cost, clock() * 1e3 / CLOCKS_PER_SEC / sailing);
        due.tv_nsec += 200000000;
        if (due.tv_nsec >= 1000000000) {
            due.tv_nsec -= 1000000000;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
}
