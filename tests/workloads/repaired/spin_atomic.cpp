/* expect: healthy bench */
/* A consumer sleeps on a condition until the producer, who takes its time, has something for it. */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <unistd.h>

static std::mutex lock;
static std::condition_variable changed;
static long made = 0;
static std::atomic<long> taken{0};

__attribute__((noinline)) static long next(long last)
{
    std::unique_lock<std::mutex> held(lock);
    changed.wait(held, [last] { return made != last; });
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
        {
            std::lock_guard<std::mutex> held(lock);
            made++;
        }
        changed.notify_one();
    }
}
