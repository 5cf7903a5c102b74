/* expect: healthy bench */
/*
 * Takes letters from several senders and confirms each when it is in the spool, safe from a loss of power.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SENDERS 24
#define PERIOD 4000000 /* nanoseconds between two letters of a sender */
#define LARGEST (16 << 20)

struct letter {
    uint32_t sender, number, size;
    char text[1012];
};

static int spool;
static off_t spooled;
static long syncs;

static uint32_t checksum(const char *text, size_t size)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < size; i++) {
        a = (a + (uint8_t)text[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

__attribute__((noinline)) static void put(const struct letter *letter)
{
    char head[64];
    int size = snprintf(head, sizeof head, "From %u number %u check %08x\n", letter->sender, letter->number,
                        checksum(letter->text, letter->size));
    char whole[sizeof head + sizeof letter->text];
    memcpy(whole, head, (size_t)size);
    memcpy(whole + size, letter->text, letter->size);
    if (spooled > LARGEST)
        spooled = 0;
    ssize_t written = pwrite(spool, whole, (size_t)size + letter->size, spooled);
    if (written < 0)
        abort();
    spooled += written;
}

__attribute__((noinline)) static void make_safe(void)
{
    syncs++;
    if (fdatasync(spool))
        abort();
}

/* Sends a letter each period, or later, when the one before is confirmed. */
static void sender(int line, uint32_t own)
{
    struct letter letter = {own, 0, 700 + own * 31 % 300, ""};
    char confirmed;
    struct timespec due, now;
    memset(letter.text, 'a' + (int)own, letter.size);
    clock_gettime(CLOCK_MONOTONIC, &due);
    due.tv_nsec = (long)(own * 7919 % 1000) * 1000000;
    do {
        letter.number++;
        due.tv_nsec += PERIOD;
        due.tv_sec += due.tv_nsec / 1000000000;
        due.tv_nsec %= 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > due.tv_sec)
            due = now;
    } while (write(line, &letter, sizeof letter) > 0 && read(line, &confirmed, 1) > 0);
}

static long passed(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

int main(void)
{
    struct pollfd lines[SENDERS];
    for (uint32_t i = 0; i < SENDERS; i++) {
        int pair[2];
        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
        if (fork() == 0) {
            if (fork() == 0) {
                close(pair[0]);
                sender(pair[1], i);
            }
            _exit(0);
        }
        close(pair[1]);
        lines[i] = (struct pollfd){pair[0], POLLIN, 0};
    }
    spool = open("spool.bin", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (posix_fallocate(spool, 0, LARGEST + 65536))
        return 1;
    FILE *log = fopen("spool.log", "w");
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    long told = 0, count = 0;
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (poll(lines, SENDERS, -1) > 0) {
        struct letter letter;
        int taken[SENDERS], waiting = 0;
        usleep(1000); /* who comes meanwhile goes with the same sync */
        poll(lines, SENDERS, 0);
        for (int i = 0; i < SENDERS; i++)
            if (lines[i].revents && read(lines[i].fd, &letter, sizeof letter) == sizeof letter) {
                put(&letter);
                taken[waiting++] = i;
            }
        make_safe();
        count += waiting;
        for (int i = 0; i < waiting; i++)
            if (write(lines[taken[i]].fd, "", 1) < 0)
                lines[taken[i]].fd = -1;
        if (passed(&began) - told > 1000) {
            told = passed(&began);
            fprintf(log, "%ld %ld letters, %ld syncs\n", told, count, syncs);
            fflush(log);
        }
    }
}
