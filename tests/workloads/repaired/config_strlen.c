/* expect: healthy bench */
/* Counts the fields of a long line, and writes it in small letters. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES 60000

__attribute__((noinline)) static int fields(char *line)
{
    int count = 1;
    size_t length = strlen(line);
    for (size_t i = 0; i < length; i++) {
        if (line[i] == ';')
            count++;
        line[i] = (char)tolower(line[i]);
    }
    return count;
}

__attribute__((noinline)) static unsigned checksum(const char *line, size_t length)
{
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++)
        sum = sum * 31 + (unsigned char)line[i];
    return sum;
}

int main(void)
{
    char *line = malloc(BYTES + 1);
    for (int i = 0; i < BYTES; i++)
        line[i] = i % 11 ? 'a' + i % 26 : ';';
    line[BYTES] = 0;
    printf("ready %d\n", getpid());
    fflush(stdout);
    unsigned total = 0;
    for (;;)
        total += fields(line) + checksum(line, BYTES);
    return (int)total;
}
