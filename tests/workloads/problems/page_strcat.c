/* expect: pattern=string-building bench */
/* Writes the rows of a table into a page of HTML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 4000

static char page[ROWS * 64];

__attribute__((noinline)) static void add_row(char *text, int number)
{
    char row[64];
    snprintf(row, sizeof row, "<tr><td>%d</td><td>%08x</td></tr>\n", number, number * 2654435761u);
    strcat(text, row); // <- cost
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
        page[0] = 0;
        for (int number = 0; number < ROWS; number++)
            add_row(page, number);
        sum += checksum(page);
    }
    return (int)sum;
}
