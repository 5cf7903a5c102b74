// expect: pattern=hot-loop bench
// A calendar queue: takes the earliest event from the front, adds new ones at the end.
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

struct Event {
    long at;
    int kind;
};

__attribute__((noinline)) static long drain(std::vector<Event> &events)
{
    long sum = 0;
    while (!events.empty()) {
        sum += events.front().at * events.front().kind;
        events.erase(events.begin()); // <- cost
    }
    return sum;
}

__attribute__((noinline)) static long kinds(const std::vector<Event> &events)
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
    for (;;) {
        std::vector<Event> events;
        for (int i = 0; i < 20000; i++)
            events.push_back({i * 3L, i % 5});
        total += kinds(events) + drain(events);
    }
    return (int)total;
}
