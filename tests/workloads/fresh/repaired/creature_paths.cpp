// expect: healthy bench
// Leads the creatures of a game to the next exit. The neighbours of a field are written where the asker wants them.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

static const int WIDE = 160, HIGH = 120;

class Map {
public:
    Map() : free_(WIDE * HIGH)
    {
        for (int i = 0; i < WIDE * HIGH; i++)
            free_[(size_t)i] = (i * 7919 + i / WIDE * 31) % 7 != 0;
    }

    __attribute__((noinline)) int neighbours(int at, int *found) const
    {
        int count = 0;
        for (int y = at / WIDE - 1; y <= at / WIDE + 1; y++)
            for (int x = at % WIDE - 1; x <= at % WIDE + 1; x++)
                if (x >= 0 && y >= 0 && x < WIDE && y < HIGH && y * WIDE + x != at && free_[(size_t)(y * WIDE + x)])
                    found[count++] = y * WIDE + x;
        return count;
    }

private:
    std::vector<uint8_t> free_;
};

class Ways {
public:
    explicit Ways(const Map &map) : map_(map), steps_(WIDE * HIGH), queue_(WIDE * HIGH)
    {
    }

    /* How many steps it is from each field to the exit. */
    __attribute__((noinline)) void flood(int exit)
    {
        for (int &steps : steps_)
            steps = -1;
        size_t head = 0, tail = 0;
        steps_[(size_t)exit] = 0;
        queue_[tail++] = exit;
        while (head < tail) {
            int at = queue_[head++];
            int found[8];
            int count = map_.neighbours(at, found);
            for (int i = 0; i < count; i++) {
                int next = found[i];
                if (steps_[(size_t)next] < 0) {
                    steps_[(size_t)next] = steps_[(size_t)at] + 1;
                    queue_[tail++] = next;
                }
            }
        }
    }

    __attribute__((noinline)) int next_of(int at) const
    {
        int best = at;
        int found[8];
        int count = map_.neighbours(at, found);
        for (int i = 0; i < count; i++)
            if (steps_[(size_t)found[i]] >= 0 && steps_[(size_t)found[i]] < steps_[(size_t)best])
                best = found[i];
        return best;
    }

private:
    const Map &map_;
    std::vector<int> steps_, queue_;
};

__attribute__((noinline)) static int crowd(const std::vector<int> &creatures)
{
    static int counts[WIDE * HIGH / 100 + 1];
    int most = 0;
    for (int &count : counts)
        count = 0;
    for (int at : creatures)
        most = ++counts[at / 100] > most ? counts[at / 100] : most;
    return most;
}

int main()
{
    Map map;
    Ways ways(map);
    std::vector<int> creatures;
    for (int i = 0; i < 3000; i++)
        creatures.push_back(i * 7919 % (WIDE * HIGH));
    FILE *log = fopen("game.log", "w");
    auto began = std::chrono::steady_clock::now(), told = began;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (long tick = 0;; tick++) {
        if (tick % 5 == 0)
            ways.flood((int)(tick * 104729 % (WIDE * HIGH)));
        for (int &at : creatures)
            at = ways.next_of(at);
        int most = crowd(creatures);
        auto now = std::chrono::steady_clock::now();
        if (now - told > std::chrono::seconds(1)) {
            told = now;
            long passed = (long)std::chrono::duration_cast<std::chrono::milliseconds>(now - began).count();
            fprintf(log, "%ld %ld ticks, at most %d in one place\n", passed, tick, most);
            fflush(log);
        }
    }
}
