// expect: healthy bench
// Cuts a map into tiles and counts what is on each; the cells are values in one vector.
#include <cstdio>
#include <unistd.h>
#include <vector>

struct Cell {
    int kind;
    int height;
};

__attribute__((noinline)) static long count(int seed)
{
    static std::vector<Cell> cells;
    cells.clear();
    for (int i = 0; i < 4096; i++)
        cells.push_back(Cell{i % 7, (i * seed) % 100});
    long high = 0;
    for (const auto &cell : cells)
        high += cell.height > 50 && cell.kind == 3;
    return high;
}

__attribute__((noinline)) static long spread(const std::vector<int> &numbers)
{
    long sum = 0;
    for (int number : numbers)
        sum += number * number;
    return sum;
}

int main()
{
    std::vector<int> numbers(2000, 3);
    printf("ready %d\n", getpid());
    fflush(stdout);
    long total = 0;
    for (int seed = 1;; seed++)
        total += count(seed) + spread(numbers);
    return (int)total;
}
