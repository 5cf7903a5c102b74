/* expect: healthy bench */
/* Takes a hundred thousand records in, sums them up, frees all but the summary, and begins again: a sawtooth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *summaries[64];
static char *records[100000];

__attribute__((noinline)) static char *record(long number)
{
    char *text = malloc(700 + number % 400);
    memset(text, 'r', 700);
    return text;
}

int main(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (long batch = 0;; batch++) {
        long sum = 0;
        for (long i = 0; i < 100000; i++)
            records[i] = record(batch + i);
        char *summary = malloc(2000);
        for (long i = 0; i < 100000; i++)
            sum += records[i][i % 700];
        memset(summary, (int)sum, 2000);
        free(summaries[batch % 64]);
        summaries[batch % 64] = summary;
        usleep(250000);
        for (long i = 0; i < 100000; i++)
            free(records[i]);
        usleep(100000);
    }
}
