/* expect: pattern=fragmentation */
/* Takes the orders of a day in, settles them, and keeps one in forty open: each lies between others that are freed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct order {
    struct order *next;
    long number;
    size_t size;
    char text[];
};

static struct order *open_orders, *fresh;

__attribute__((noinline)) static struct order *take(long number)
{
    size_t size = 300 + number * 7919 % 900;
    struct order *order = malloc(sizeof *order + size);
    order->number = number;
    order->size = size;
    memset(order->text, 'o', size);
    return order;
}

__attribute__((noinline)) static void settle(void)
{
    while (fresh) {
        struct order *order = fresh;
        fresh = order->next;
        if (order->number % 40) {
            free(order);
        } else {
            order->next = open_orders;
            open_orders = order;
        }
    }
}

int main(void)
{
    for (long number = 1; number <= 150000; number++) {
        struct order *order = take(number);
        order->next = fresh;
        fresh = order;
    }
    settle();
    int timer = timerfd_create(0, 0);
    struct itimerspec every = {{0, 2000000}, {0, 2000000}};
    timerfd_settime(timer, 0, &every, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    long sum = 0;
    char scratch[8192];
    for (uint64_t ticks; read(timer, &ticks, sizeof ticks) > 0;) {
        for (struct order *order = open_orders; order; order = order->next)
            sum += order->text[order->size - 1];
        memset(scratch, (int)sum, sizeof scratch);
    }
}
