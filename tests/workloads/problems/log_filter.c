/* expect: pattern=repeated-computation bench */
/* Keeps the lines of a log that match one of some expressions. */
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *wanted[] = {"error [0-9]+", "time ?out", "(refused|reset) by [a-z]+", "disk .* full", 0};

__attribute__((noinline)) static int keep(const char *line)
{
    for (int i = 0; wanted[i]; i++) {
        regex_t pattern;
        regcomp(&pattern, wanted[i], REG_EXTENDED | REG_NOSUB); // <- cost
        int found = regexec(&pattern, line, 0, 0, 0) == 0;
        regfree(&pattern); // <- cost
        if (found)
            return 1;
    }
    return 0;
}

__attribute__((noinline)) static int words(const char *line)
{
    int count = 0;
    for (; *line; line++)
        count += *line == ' ';
    return count;
}

int main(void)
{
    char line[128];
    long total = 0;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (int number = 0;; number++) {
        snprintf(line, sizeof line, "worker %d: connection %s by peer", number, number % 3 ? "closed" : "reset");
        total += keep(line) + words(line);
    }
    return (int)total;
}
