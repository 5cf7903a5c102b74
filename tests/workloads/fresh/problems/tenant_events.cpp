// expect: pattern=open-close-churn bench
// Takes the events of many tenants in and keeps a file for each; the file is opened for each event.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <unordered_map>

static const int TENANTS = 48;
static const long LONGEST = 4 << 20;

struct Event {
    int tenant;
    int kind;
    uint64_t number;
    uint64_t key;
};

class Journals {
public:
    void append(int tenant, const std::string &line)
    {
        std::string path = "tenant-" + std::to_string(tenant) + ".events";
        long &length = lengths_[tenant];
        bool fresh = length > LONGEST;
        std::ofstream out(path, fresh ? std::ios::trunc : std::ios::app); // <- cost
        out << line; // <- cost
        length = (fresh ? 0 : length) + (long)line.size();
    } // <- cost

private:
    std::unordered_map<int, long> lengths_;
};

__attribute__((noinline)) static uint64_t seal(const std::string &text)
{
    uint64_t hash = 1469598103934665603ULL;
    for (int round = 0; round < 12; round++)
        for (unsigned char letter : text)
            hash = (hash ^ letter) * 1099511628211ULL;
    return hash;
}

__attribute__((noinline)) static std::string formatted(const Event &event)
{
    static const char *kinds[] = {"created", "changed", "removed", "read"};
    char text[200];
    int length = snprintf(text, sizeof text, "{\"number\":%llu,\"tenant\":%d,\"kind\":\"%s\",\"key\":\"%016llx\"",
                          (unsigned long long)event.number, event.tenant, kinds[event.kind], (unsigned long long)event.key);
    std::string line(text, (size_t)length);
    snprintf(text, sizeof text, ",\"seal\":\"%016llx\"}\n", (unsigned long long)seal(line));
    return line + text;
}

class Counts {
public:
    void take(const Event &event)
    {
        counts_[{event.tenant, event.kind}]++;
    }
    long most() const
    {
        long most = 0;
        for (const auto &[key, count] : counts_)
            most = count > most ? count : most;
        return most;
    }

private:
    std::map<std::pair<int, int>, long> counts_;
};

int main()
{
    Journals journals;
    Counts counts;
    std::ofstream log("collector.log");
    auto began = std::chrono::steady_clock::now(), told = began;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (uint64_t number = 1;; number++) {
        uint64_t key = number * 6364136223846793005ULL + 1442695040888963407ULL;
        Event event{(int)(key >> 33) % TENANTS, (int)(key >> 20 & 3), number, key};
        counts.take(event);
        journals.append(event.tenant, formatted(event)); // <- cost
        if (number % 256 == 0) {
            auto now = std::chrono::steady_clock::now();
            if (now - told > std::chrono::seconds(1)) {
                told = now;
                auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - began).count();
                log << passed << ' ' << number << " events, most of one kind: " << counts.most() << std::endl;
            }
        }
    }
}
