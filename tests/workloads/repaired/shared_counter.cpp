/* expect: healthy bench */
/* Workers parse lines and count words in one table, into which each adds its own once in a while. */
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <unistd.h>

static std::mutex lock;
static std::map<std::string, long> words;
static std::mutex config_lock; /* taken often, never waited for */
static int longest = 12;

static int limit()
{
    std::lock_guard<std::mutex> held(config_lock);
    return longest;
}

__attribute__((noinline)) static void count(const std::string &line, int most, std::map<std::string, long> &mine)
{
    std::string word;
    for (char c : line) {
        if (c != ' ' && (int)word.size() < most) {
            word += c;
            continue;
        }
        mine[word]++;
        word.clear();
    }
}

static void add(std::map<std::string, long> &mine)
{
    std::lock_guard<std::mutex> held(lock);
    for (auto &one : mine)
        words[one.first] += one.second;
    mine.clear();
}

static void work(int number)
{
    std::string line;
    for (int i = 0; i < 3000; i++)
        line += "word" + std::to_string(i * (number + 7) % 511) + " ";
    int most = number == 0 ? limit() : 12;
    std::map<std::string, long> mine;
    for (;;) {
        for (int i = 0; i < 200; i++)
            count(line, most, mine);
        add(mine);
    }
}

int main()
{
    std::vector<std::thread> workers;
    for (int i = 0; i < 3; i++)
        workers.emplace_back(work, i);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (auto &worker : workers)
        worker.join();
}
