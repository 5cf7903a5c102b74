// expect: healthy bench
// Splits lines into fields, which are views of the line, in a vector that is kept.
#include <cstdio>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

__attribute__((noinline)) static void fields(std::string_view line, std::vector<std::string_view> &found)
{
    found.clear();
    size_t from = 0;
    while (from <= line.size()) {
        size_t upto = line.find(';', from);
        if (upto == std::string::npos)
            upto = line.size();
        found.push_back(line.substr(from, upto - from));
        from = upto + 1;
    }
}

__attribute__((noinline)) static size_t longest(const std::vector<std::string_view> &fields)
{
    size_t most = 0;
    for (const auto &field : fields)
        most = std::max(most, field.size());
    return most;
}

int main()
{
    std::string line;
    for (int i = 0; i < 12; i++)
        line += "a field of some more length than fits " + std::to_string(i) + ";";
    std::vector<std::string_view> found;
    printf("ready %d\n", getpid());
    fflush(stdout);
    size_t total = 0;
    for (;;) {
        fields(line, found);
        total += longest(found);
    }
    return (int)total;
}
