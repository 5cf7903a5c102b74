/* expect: healthy bench */
/* Writes the rows of a table into a page of HTML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 4000

static char page[ROWS * 64];

__attribute__((noinline)) static char *add_row(char *end, int number)
{
    return end + snprintf(end, 64, "<tr><td>%d</td><td>%08x</td></tr>\n", number, number * 2654435761u);
}

__attribute__((noinline)) static unsigned checksum(const char *text)
{
    unsigned sum = 0;
    for (; *text; text++)
        sum = sum * 31 + (unsigned char)*text;
    return sum;
}

int main(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    unsigned sum = 0;
    for (;;) {
        char *end = page;
        for (int number = 0; number < ROWS; number++)
            end = add_row(end, number);
        sum += checksum(page);
    }
    return (int)sum;
}
