/* expect: healthy bench */
/*
 * Puts the letters that come over a line into the boxes of their readers: a file each, which is emptied when it is full.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READERS 48
#define LARGEST (192 << 10)
#define FOLDER "spool/region-north/house-7/boxes"

struct letter {
    uint32_t reader;
    uint32_t size;
    char text[3000];
};

struct box {
    FILE *file;
    long size;
    unsigned letters;
};

static struct box boxes[READERS];

static void box_path(char *path, size_t size, unsigned reader)
{
    snprintf(path, size, FOLDER "/reader-%u/inbox", reader);
}

/* The boxes stay open for as long as this program runs. */
static int open_boxes(void)
{
    char path[200];
    const char *steps[] = {"spool", "spool/region-north", "spool/region-north/house-7", FOLDER};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        mkdir(steps[i], 0777);
    for (unsigned reader = 0; reader < READERS; reader++) {
        snprintf(path, sizeof path, FOLDER "/reader-%u", reader);
        mkdir(path, 0777);
        box_path(path, sizeof path, reader);
        if (!(boxes[reader].file = fopen(path, "ab")))
            return -1;
    }
    return 0;
}

static uint32_t checksum(const char *text, size_t size)
{
    uint32_t sum = 0, word;
    for (size_t i = 0; i + sizeof word <= size; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        sum += word ^ word >> 11;
    }
    return sum;
}

/* Appends a letter to the box of its reader. */
__attribute__((noinline)) static int deliver(const struct letter *letter)
{
    struct box *box = &boxes[letter->reader];
    if (box->size > LARGEST) {
        if (ftruncate(fileno(box->file), 0) < 0)
            return -1;
        box->size = 0;
    }
    size_t wrote = fwrite(letter->text, 1, letter->size, box->file);
    box->size += (long)wrote;
    box->letters++;
    return fflush(box->file) == 0 && wrote == letter->size ? 0 : -1;
}

static long passed(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

/* Sends letters for as long as somebody takes them. */
static void sender(int line)
{
    static struct letter letter;
    memset(letter.text, 'x', sizeof letter.text);
    for (uint32_t i = 0;; i++) {
        letter.reader = i * 7919 % READERS;
        letter.size = 1500 + i * 31 % 1400;
        int head = snprintf(letter.text, 200, "From: shop-%u\nSubject: your order %u\n\n", i % 97, i);
        letter.text[head] = ' ';
        if (send(line, &letter, offsetof(struct letter, text) + letter.size, MSG_NOSIGNAL) < 0)
            _exit(0);
    }
}

int main(void)
{
    int line[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, line) < 0)
        return 1;
    if (open_boxes() < 0)
        return 1;
    if (fork() == 0) {
        close(line[0]);
        if (fork() == 0)
            sender(line[1]);
        _exit(0);
    }
    close(line[1]);
    FILE *log = fopen("drop.log", "w");
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    static struct letter letter;
    long told = 0, count = 0, failed = 0;
    uint32_t sum = 0;
    printf("ready %d\n", getpid());
    fflush(stdout);
    while (recv(line[0], &letter, sizeof letter, 0) > 0) {
        sum ^= checksum(letter.text, letter.size);
        failed += deliver(&letter) != 0;
        count++;
        if (count % 64 == 0 && passed(&began) - told > 1000) {
            told = passed(&began);
            fprintf(log, "%ld %ld letters, %ld failed, sum %x\n", told, count, failed, sum);
            fflush(log);
        }
    }
    return 0;
}
