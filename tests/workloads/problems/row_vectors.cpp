// expect: pattern=allocation-churn bench
// Splits lines into fields; every field is a string of its own.
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

__attribute__((noinline)) static std::vector<std::string> fields(const std::string &line)
{
    std::vector<std::string> found;
    size_t from = 0;
    while (from <= line.size()) {
        size_t upto = line.find(';', from);
        if (upto == std::string::npos)
            upto = line.size();
        found.push_back(line.substr(from, upto - from)); // <- cost
        from = upto + 1;
    }
    return found;
}

__attribute__((noinline)) static size_t longest(const std::vector<std::string> &fields)
{
    size_t most = 0;
    for (const std::string &field : fields) // <- cost
        most = std::max(most, field.size());
    return most;
}

int main()
{
    std::string line;
    for (int i = 0; i < 12; i++)
        line += "a field of some more length than fits " + std::to_string(i) + ";";
    printf("ready %d\n", getpid());
    fflush(stdout);
    size_t total = 0;
    for (;;)
        total += longest(fields(line)); // <- cost
    return (int)total;
}
