/* expect: pattern=small-io */
/* Copies a file, changing line ends on the way. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) static int next_byte(int from)
{
    unsigned char byte;
    if (read(from, &byte, 1) != 1) // <- cost
        return -1;
    return byte;
}

__attribute__((noinline)) static long copy(const char *path)
{
    int from = open(path, O_RDONLY);
    long ends = 0;
    for (int byte; (byte = next_byte(from)) >= 0;)
        ends += byte == '\n';
    close(from);
    return ends;
}

int main(void)
{
    FILE *text = fopen("text.txt", "w");
    for (int line = 0; line < 200000; line++)
        fprintf(text, "line %d of a text that has many lines\r\n", line);
    fclose(text);
    char path[32];
    for (int day = 0; day < 4000; day++) { /* many days, all alike */
        snprintf(path, sizeof path, "day-%d.txt", day);
        if (link("text.txt", path))
            return 1;
    }
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (int day = 0;; day = (day + 1) % 4000) {
        snprintf(path, sizeof path, "day-%d.txt", day);
        copy(path);
    }
}
