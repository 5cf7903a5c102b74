#include <math.h>
#include <float.h>

typedef struct { double lat, lon; int id; } station;
typedef struct { double lat, lon, value; int nearest; } sample;

extern station g_stations[];
extern int g_nstations;

static double gap(double a, double b, const station *s)
{
    double dx = a - s->lat, dy = (b - s->lon) * cos(a);
    return dx * dx + dy * dy;
}

void attach(sample *s, int n)
{
    int i, j;
    for (i = 0; i < n; i++) { // <- outer
        double best = DBL_MAX;
        s[i].nearest = -1;
        for (j = 0; j < g_nstations; j++) {
            double d = gap(s[i].lat, s[i].lon, &g_stations[j]); // <- 0
            if (d >= best)
                continue;
            best = d;
            s[i].nearest = g_stations[j].id;
        }
    }
}
