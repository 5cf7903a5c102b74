/* expect: healthy bench */
/* Workers as Go has them: as many as cores, asleep on a futex while there is nothing to run, and a poller. */
#include <atomic>
#include <cstdio>
#include <deque>
#include <functional>
#include <linux/futex.h>
#include <mutex>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

static std::mutex lock;
static std::deque<std::function<void()>> ready;
static std::atomic<int> notes{0};
static std::atomic<long> total{0};

static void put(std::function<void()> work)
{
    {
        std::lock_guard<std::mutex> held(lock);
        ready.push_back(std::move(work));
    }
    notes.fetch_add(1);
    syscall(SYS_futex, &notes, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

static void stop_until_woken(int seen)
{
    syscall(SYS_futex, &notes, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}

static void run()
{
    for (;;) {
        int seen = notes.load();
        std::function<void()> work;
        {
            std::lock_guard<std::mutex> held(lock);
            if (!ready.empty()) {
                work = std::move(ready.front());
                ready.pop_front();
            }
        }
        if (work)
            work();
        else
            stop_until_woken(seen);
    }
}

int main()
{
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < 4; i++)
        workers.emplace_back(run);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0), poller = epoll_create1(0);
    itimerspec every = {{0, 4000000}, {0, 4000000}};
    timerfd_settime(timer, 0, &every, nullptr);
    epoll_event event = {EPOLLIN, {}};
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        unsigned long ticks = 0;
        if (epoll_wait(poller, &event, 1, -1) == 1 && read(timer, &ticks, sizeof ticks) == sizeof ticks)
            for (int i = 0; i < 3; i++)
                put([i] {
                    long sum = 0;
                    for (int j = 0; j < 20000; j++)
                        sum += j * i % 7;
                    total += sum;
                });
    }
}
