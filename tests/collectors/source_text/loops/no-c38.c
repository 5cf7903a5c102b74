#include <string.h>

struct month { const char *abbr; int days; };

static const struct month months[] = {
    {"Jan", 31}, {"Feb", 28}, {"Mar", 31}, {"Apr", 30}, {"May", 31}, {"Jun", 30},
    {"Jul", 31}, {"Aug", 31}, {"Sep", 30}, {"Oct", 31}, {"Nov", 30}, {"Dec", 31},
};

static int day_of_year(const char *abbr, int day)
{
    int total = day;
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
        if (strncmp(months[i].abbr, abbr, 3) == 0) // <- 0
            return total;
        total += months[i].days;
    }
    return -1;
}

long histogram(struct logfile *log, long *per_day)
{
    long bad = 0;
    const char *line;
    while ((line = logfile_line(log)) != NULL) {
        int d = day_of_year(line, (line[4] == ' ' ? 0 : line[4] - '0') * 10 + line[5] - '0'); // <- 1
        if (d < 0)
            bad++;
        else
            per_day[d]++;
    }
    return bad;
}
