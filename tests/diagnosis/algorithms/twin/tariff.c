/* Bills smart-meter readings against a history of spot prices. */
#include <stddef.h>
#include <stdint.h>

struct price_step {
    int64_t from;        /* epoch seconds, ascending */
    double eur_per_kwh;
};

struct tariff {
    const struct price_step *steps;
    size_t nsteps;
    double grid_fee;
};

struct reading {
    int64_t at;
    uint32_t meter;
    double kwh;
};

static double price_at(const struct tariff *t, int64_t when)
{
    size_t lo = 0, hi = t->nsteps;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->steps[mid].from > when) // <- hot 62
            hi = mid;
        else
            lo = mid; // <- hot 14
    }
    return t->steps[lo].eur_per_kwh;
}

double bill_meter(const struct tariff *t, const struct reading *r, size_t n,
                  uint32_t meter)
{
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (r[i].meter != meter)
            continue;
        total += r[i].kwh * (price_at(t, r[i].at) + t->grid_fee);
    }
    return total;
}

void price_readings(const struct tariff *t, const struct reading *r, size_t n,
                    double *cost_out)
{
    for (size_t i = 0; i < n; i++)
        cost_out[i] = r[i].kwh * (price_at(t, r[i].at) + t->grid_fee);
}
