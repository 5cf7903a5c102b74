// expect: pattern=string-building bench
// Joins the fields of many records into one text, as an exporter does.
#include <cstdio>
#include <string>
#include <unistd.h>
#include <vector>

struct Record {
    int id;
    std::string name;
};

__attribute__((noinline)) static std::string join(const std::vector<Record> &records)
{
    std::string text;
    for (const Record &record : records)
        text = text + std::to_string(record.id) + ";" + record.name + "\n"; // <- cost
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
