#include <string.h>

#define MAXP 4096

struct player {
    char nick[32];
    int fd;
    int room;
};

struct world {
    struct player pl[MAXP];
    int npl;
};

static int head_count(const struct world *w, int room)
{
    int c = 0, i = 0;
    do {
        if (w->pl[i].fd >= 0 && w->pl[i].room == room) // <- 0
            c++;
    } while (++i < w->npl);
    return c;
}

void fill_occupancy(const struct world *w, const int *rooms, int nrooms, int *out)
{
    const int *r = rooms;
    while (r < rooms + nrooms) { // <- outer
        *out++ = w->npl ? head_count(w, *r) : 0; // <- 1
        r++;
    }
}
