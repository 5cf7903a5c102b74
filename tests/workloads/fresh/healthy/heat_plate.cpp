// expect: healthy bench
// How heat spreads on a plate, step by step, on two grids that take turns; a picture is written every thousand steps.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

static const int SIDE = 240;

class Plate {
public:
    Plate() : now_(SIDE * SIDE), next_(SIDE * SIDE)
    {
    }

    __attribute__((noinline)) void step()
    {
        for (int y = 1; y < SIDE - 1; y++) {
            const float *row = &now_[(size_t)(y * SIDE)];
            float *out = &next_[(size_t)(y * SIDE)];
            for (int x = 1; x < SIDE - 1; x++)
                out[x] = row[x] + 0.2f * (row[x - 1] + row[x + 1] + row[x - SIDE] + row[x + SIDE] - 4 * row[x]);
        }
        std::swap(now_, next_);
    }

    void burn(int at, float heat)
    {
        now_[(size_t)(SIDE * (SIDE / 2) + at % SIDE)] += heat;
    }

    std::string picture() const
    {
        static const char shades[] = " .:-=+*#%@";
        std::string text;
        text.reserve(SIDE * (SIDE + 1));
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++)
                text.push_back(shades[std::clamp((int)now_[(size_t)(y * SIDE + x)], 0, 9)]);
            text.push_back('\n');
        }
        return text;
    }

private:
    std::vector<float> now_, next_;
};

int main()
{
    Plate plate;
    FILE *log = fopen("plate.log", "w");
    auto began = std::chrono::steady_clock::now(), told = began;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (int step = 0;; step++) {
        plate.burn(step * 7, 3);
        plate.step();
        if (step % 1000 == 0) {
            FILE *out = fopen("plate.txt", "w");
            std::string picture = plate.picture();
            fwrite(picture.data(), 1, picture.size(), out);
            fclose(out);
        }
        auto now = std::chrono::steady_clock::now();
        if (now - told > std::chrono::seconds(1)) {
            told = now;
            fprintf(log, "%ld %d steps\n", (long)std::chrono::duration_cast<std::chrono::milliseconds>(now - began).count(), step);
            fflush(log);
        }
    }
}
