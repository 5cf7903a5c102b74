/* expect: healthy bench */
/* Copies a file, changing line ends on the way. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noinline)) static int next_byte(int from)
{
    static unsigned char block[65536];
    static ssize_t have, at;
    if (at == have) {
        have = read(from, block, sizeof block);
        at = 0;
        if (have <= 0) {
            have = 0;
            return -1;
        }
    }
    return block[at++];
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
