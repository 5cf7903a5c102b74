// expect: healthy bench
// Joins the fields of many records into one text, as an exporter does.
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

struct Record {
    int id;
    std::string name;
};

__attribute__((noinline)) static const std::string &join(const std::vector<Record> &records)
{
    static std::string text;
    text.clear();
    for (const Record &record : records)
        text.append(std::to_string(record.id)).append(";").append(record.name).append("\n");
    return text;
}

__attribute__((noinline)) static size_t longest(const std::vector<Record> &records)
{
    size_t most = 0;
    for (const Record &record : records)
        most = std::max(most, record.name.size());
    return most;
}

int main()
{
    std::vector<Record> records;
    for (int id = 0; id < 4000; id++)
        records.push_back({id, "customer number " + std::to_string(id * 7919 % 4001)});
    printf("ready %d\n", getpid());
    fflush(stdout);
    size_t total = 0;
    for (;;)
        total += join(records).size() + longest(records);
    return (int)total;
}
