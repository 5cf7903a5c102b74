// The same as known_lines.c with what C++ adds: namespaces, templates, methods, a lambda that is inlined.
#include <cstdio>
#include <ctime>
#include <sys/mman.h>
#include <unistd.h>

#define APART __attribute__((noinline))

namespace shop {

template <typename Number> APART Number burn(Number seed, long times)
{
    for (long i = 0; i < times; i++) seed = seed * 31 + i % 7; // @hot
    return seed;
}

class Clerk {
  public:
    APART int nap(int times) const
    {
        timespec nap{0, 1000000};
        int whole = 0;
        for (int i = 0; i < times; i++)
            whole += nanosleep(&nap, nullptr) == 0; // @wait
        return whole;
    }

    APART int touch(volatile char *area, int pages) const
    {
        auto one = [&](long page) __attribute__((always_inline)) {
            area[page * 4096] = 1; // @touch
        };
        for (int i = 0; i < pages; i++)
            one(i); // @calls one
        return area[0];
    }
};

APART unsigned work(const Clerk &clerk, volatile char *area, unsigned seed)
{
    seed = burn<unsigned>(seed, 200000000L) + 1; // @calls burn
    seed += clerk.nap(23); // @calls nap
    seed += clerk.touch(area, 211); // @calls touch
    return seed;
}

} // namespace shop

int main()
{
    char word[16];
    auto *area = static_cast<char *>(mmap(nullptr, 211 * 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    madvise(area, 211 * 4096L, MADV_NOHUGEPAGE);
    std::printf("ready %d\n", getpid());
    std::fflush(stdout);
    if (!std::fgets(word, sizeof word, stdin) || word[0] != 'g')
        return 0;
    unsigned seed = shop::work({}, area, getpid()); // @calls work
    std::printf("{\"waits\": 23, \"pages\": 211, \"seed\": %u}\n", seed);
    std::fflush(stdout);
    while (std::fgets(word, sizeof word, stdin) && word[0] != 's') {}
    return 0;
}
