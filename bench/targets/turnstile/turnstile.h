/* Takes a job from standard input, a socket of packets, at every so many turns; ends when nobody gives any more. */
#include <unistd.h>

static inline void next_turn(int every)
{
    static int turns;
    char job[64];
    if (++turns % every == 0 && read(0, job, sizeof job) <= 0)
        _exit(0);
}
