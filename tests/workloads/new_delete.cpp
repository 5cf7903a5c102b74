// A C++ program whose every allocation is known: "ready PID", "go", one JSON line of truth, "stop". operator new comes to
// malloc, out of a library that keeps no frame pointers.
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

#define HOT __attribute__((noinline))

static int line_of_growth, line_of_kept, line_of_passing;
static char *volatile kept[4096];

HOT static long grow(std::vector<long> &numbers, int times)
{
    long asked = 0;
    size_t room = numbers.capacity();
    for (int i = 0; i < times; i++) {
        line_of_growth = __LINE__ + 1;
        numbers.push_back(i);
        if (numbers.capacity() != room) asked += sizeof(long) * (room = numbers.capacity());
    }
    return asked;
}

HOT static void keep(int times)
{
    for (int i = 0; i < times; i++) {
        line_of_kept = __LINE__ + 1;
        kept[i] = new char[1013];
    }
}

HOT static void pass(int times)
{
    for (int i = 0; i < times; i++) {
        line_of_passing = __LINE__ + 1;
        int *volatile one = new int(i);
        delete one;
    }
}

int main()
{
    static char buffer[4096];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    printf("ready %d\n", getpid());
    fflush(stdout);
    char word;
    while (read(0, &word, 1) == 1 && word != '\n') {}
    static std::vector<long> numbers;
    long asked = grow(numbers, 1 << 10);
    keep(1511);
    pass(3001);
    printf("{\"%d\": {\"function\": \"grow\", \"calls\": 11, \"bytes\": %ld, \"frees\": 10, \"freed_bytes\": %ld}, ",
           line_of_growth, asked, asked - long(sizeof(long) * numbers.capacity()));
    printf("\"%d\": {\"function\": \"keep\", \"calls\": 1511, \"bytes\": %d, \"frees\": 0, \"freed_bytes\": 0}, ",
           line_of_kept, 1511 * 1013);
    printf("\"%d\": {\"function\": \"pass\", \"calls\": 3001, \"bytes\": 12004, \"frees\": 3001, \"freed_bytes\": 12004}}\n",
           line_of_passing);
    fflush(stdout);
    while (read(0, &word, 1) == 1 && word != '\n') {}
    _exit(0);
}
