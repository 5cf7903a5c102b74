// expect: healthy bench
// A calendar queue: takes the earliest event from the front, adds new ones at the end.
#include <cstdio>
#include <string>
#include <unistd.h>
#include <deque>

struct Event {
    long at;
    int kind;
};

__attribute__((noinline)) static long drain(std::deque<Event> &events)
{
    long sum = 0;
    while (!events.empty()) {
        sum += events.front().at * events.front().kind;
        events.pop_front();
    }
    return sum;
}

__attribute__((noinline)) static long kinds(const std::deque<Event> &events)
{
    long counts[8] = {};
    for (const Event &event : events)
        counts[event.kind & 7] += event.at;
    return counts[3];
}

int main()
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    long total = 0;
    std::deque<Event> events;
    for (;;) {
        for (int i = 0; i < 20000; i++)
            events.push_back({i * 3L, i % 5});
        total += kinds(events) + drain(events);
    }
    return (int)total;
}
