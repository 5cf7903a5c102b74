/* expect: healthy bench */
/* Scans a large text once for lines that begin with a word, by the functions of the C library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES 20000

__attribute__((noinline)) static int scan(const char *text, const char *end)
{
    int found = 0;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop)
            break;
        if (stop - text > 5 && memcmp(text, "error", 5) == 0)
            found++;
        text = stop + 1;
    }
    return found;
}

int main(void)
{
    char *text = malloc(LINES * 120), *end = text;
    for (int i = 0; i < LINES; i++)
        end += sprintf(end, "%s: line %d of a log with some more text in it, as logs have\n", i % 9 ? "info" : "error", i);
    printf("ready %d\n", getpid());
    fflush(stdout);
    long total = 0;
    for (;;)
        total += scan(text, end);
    return (int)total;
}
