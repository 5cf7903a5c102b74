/* expect: pattern=pool-oversized */
/* Scales pictures in a pool that somebody once made large, to be on the safe side. */
#include <cstdio>
#include <thread>
#include <vector>
#include <unistd.h>

static const int WORKERS = 24, SIDE = 256;

__attribute__((noinline)) static float scale(const std::vector<float> &picture, std::vector<float> &small)
{
    float total = 0;
    for (int y = 0; y < SIDE / 2; y++)
        for (int x = 0; x < SIDE / 2; x++) { // <- cost
            const float *at = &picture[2 * y * SIDE + 2 * x];
            small[y * SIDE / 2 + x] = (at[0] + at[1] + at[SIDE] + at[SIDE + 1]) / 4; // <- cost
            total += small[y * SIDE / 2 + x] * 0.5f; // <- cost
        } // <- cost
    return total;
}

static void work(int number)
{
    std::vector<float> picture(SIDE * SIDE, number * 0.25f), small(SIDE * SIDE / 4);
    volatile float kept = 0;
    for (;;)
        kept = kept + scale(picture, small);
}

int main()
{
    int workers = WORKERS;
    std::vector<std::thread> pool;
    for (int i = 0; i < workers; i++)
        pool.emplace_back(work, i); // <- cost
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (auto &worker : pool)
        worker.join();
}
