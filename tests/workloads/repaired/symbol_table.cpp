// expect: healthy bench
// Counts the words of a stream of messages; every word that was ever seen gets a number.
#include <cstdio>
#include <string>
#include <unordered_map>
#include <vector>
#include <sys/timerfd.h>
#include <unistd.h>

static std::unordered_map<std::string, std::vector<long>> numbers;

__attribute__((noinline)) static std::vector<std::string> words_of(long message)
{
    std::vector<std::string> words;
    for (int i = 0; i < 8; i++)
        words.push_back("word-of-the-message-" + std::to_string(i < 7 ? i * 31 : message));
    return words;
}

__attribute__((noinline)) static void intern(const std::string &word, long message)
{
    if (numbers.size() > 1000)
        numbers.clear();
    auto &seen = numbers[word];
    if (seen.empty())
        seen.resize(64);
    seen[message % 64] = message;
}

int main()
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    int timer = timerfd_create(0, 0);
    itimerspec every = {{0, 1000000}, {0, 1000000}};
    timerfd_settime(timer, 0, &every, nullptr);
    long message = 0;
    for (uint64_t ticks; read(timer, &ticks, sizeof ticks) > 0;)
        for (int i = 0; i < 4; i++, message++)
            for (const auto &word : words_of(message))
                intern(word, message);
}
