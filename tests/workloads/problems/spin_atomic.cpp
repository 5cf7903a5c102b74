/* expect: pattern=busy-wait bench */
/* A consumer turns on an atomic flag until the producer, who takes its time, has something for it. */
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <unistd.h>

static std::atomic<long> made{0};
static std::atomic<long> taken{0};

__attribute__((noinline)) static long next(long last)
{
    while (made.load(std::memory_order_acquire) == last) // <- cost
        ; // <- cost
    return last + 1;
}

static void consume()
{
    for (long last = 0;;) {
        last = next(last);
        taken.fetch_add(last & 7);
    }
}

int main()
{
    std::thread consumer(consume);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
        made.fetch_add(1, std::memory_order_release);
    }
}
