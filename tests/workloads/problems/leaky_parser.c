/* expect: pattern=memory-growth bench */
/* Splits messages into fields; a message comes every two milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <stdint.h>

struct message {
    char *text;
    char *field[16];
};

__attribute__((noinline)) static struct message *parse(const char *text)
{
    struct message *message = calloc(1, sizeof *message);
    message->text = strdup(text); // <- cost
    char *at = message->text, *field;
    for (int i = 0; i < 16 && (field = strsep(&at, ";")); i++)
        message->field[i] = field;
    return message;
}

__attribute__((noinline)) static void handle(const char *text)
{
    struct message *message = parse(text);
    if (message->field[3][0] == '?')
        puts(message->field[3]);
    free(message);
}

int main(void)
{
    char text[8192] = "one;two;three;four;";
    memset(text + 19, 'x', sizeof text - 20);
    int timer = timerfd_create(0, 0);
    struct itimerspec every = {{0, 2000000}, {0, 2000000}};
    timerfd_settime(timer, 0, &every, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (uint64_t ticks; read(timer, &ticks, sizeof ticks) > 0;)
        handle(text);
}
