// expect: healthy bench
// The beach book of the horsemen who fish for shrimps in the surf: a set in each saddle reports by radio what the sieve
// measured of a haul (packed, in one datagram; a set says everything again until it hears that it was understood). The
// book keeps the newest reports, and writes once in two seconds what each rider has caught and how large it was.
//
// Measured: 1000 reports a second; it grows by 3.5 MiB/s, the twin not at all (4.1 MiB). CPU 1 % of a core in both.
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RIDERS = 24, SHRIMPS = 360, KEPT = 256, HEADER = 12, LARGEST = 1400, RATE = 1000, MAGIC = 0x5A17 };

struct shrimp {
    double millimetres, grams;
    uint32_t sieve;
};

struct report {
    unsigned rider, tide;
    uint32_t number;
    size_t count;
    double grams;
    struct shrimp *shrimps;
};

struct rider {
    uint32_t last;
    uint64_t hauls;
    double grams, longest;
};

struct book {
    struct rider riders[RIDERS];
    struct report *newest[KEPT];
    size_t next;
    unsigned tide;
    uint64_t taken, repeated, late, unreadable;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint32_t number_at(const unsigned char *bytes, int size)
{
    uint32_t value = 0;
    while (size-- > 0)
        value = value << 8 | *bytes++;
    return value;
}

static void report_free(struct report *report)
{
    if (!report)
        return;
    free(report->shrimps);
    free(report);
}

/* Unpacks a datagram: a header, and three bytes for each shrimp (its sieve; by how many 1/100 mm it is longer). */
static struct report *report_read(const unsigned char *bytes, size_t size)
{
    if (size < HEADER || number_at(bytes, 2) != MAGIC)
        return NULL;
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        fail("report");
    report->rider = number_at(bytes + 2, 2);
    report->tide = number_at(bytes + 4, 2);
    report->number = number_at(bytes + 6, 4);
    report->count = number_at(bytes + 10, 2);
    if (report->rider >= RIDERS || report->count > SHRIMPS || HEADER + 3 * report->count > size) {
        report_free(report);
        return NULL;
    }
    report->shrimps = malloc(report->count * sizeof *report->shrimps);
    if (!report->shrimps && report->count)
        fail("shrimps");
    bytes += HEADER;
    for (size_t at = 0; at < report->count; at++, bytes += 3) {
        struct shrimp *shrimp = &report->shrimps[at];
        shrimp->sieve = bytes[0];
        shrimp->millimetres = 20 + 5.0 * bytes[0] + number_at(bytes + 1, 2) / 100.0;
        shrimp->grams = 5.6e-6 * shrimp->millimetres * shrimp->millimetres * shrimp->millimetres;
        report->grams += shrimp->grams;
    }
    return report;
}

static void book_keep(struct book *book, struct report *report)
{
    struct report **place = &book->newest[book->next++ % KEPT];
    report_free(*place);
    *place = report;
}

static void book_enter(struct book *book, struct report *report)
{
    struct rider *rider = &book->riders[report->rider];
    if (report->tide + 1 < book->tide) {
        book->late++;
        report_free(report);
        return;
    }
    if (report->number <= rider->last) {
        book->repeated++;
        report_free(report);
        return;
    }
    if (report->tide > book->tide)
        book->tide = report->tide;
    rider->last = report->number;
    rider->hauls++;
    rider->grams += report->grams;
    for (size_t at = 0; at < report->count; at++)
        rider->longest = fmax(rider->longest, report->shrimps[at].millimetres);
    book->taken++;
    book_keep(book, report);
}

static int by_length(const void *a, const void *b)
{
    double left = ((const struct shrimp *)a)->millimetres, right = ((const struct shrimp *)b)->millimetres;
    return (left > right) - (left < right);
}

/* The median length of the newest haul of a rider. */
static double median(const struct book *book, unsigned rider, struct shrimp *scratch)
{
    for (size_t back = 1; back <= KEPT && back <= book->next; back++) {
        const struct report *report = book->newest[(book->next - back) % KEPT];
        if (report->rider != rider || !report->count)
            continue;
        memcpy(scratch, report->shrimps, report->count * sizeof *scratch);
        qsort(scratch, report->count, sizeof *scratch, by_length);
        return scratch[report->count / 2].millimetres;
    }
    return 0;
}

static void book_write(const struct book *book)
{
    static struct shrimp scratch[SHRIMPS];
    FILE *file = fopen("beach.txt", "w");
    if (!file)
        fail("beach.txt");
    for (unsigned at = 0; at < RIDERS; at++)
        fprintf(file, "rider %2u: %6llu hauls, %8.1f kg, longest %.1f mm, median %.1f mm\n", at,
                (unsigned long long)book->riders[at].hauls, book->riders[at].grams / 1000, book->riders[at].longest,
                median(book, at, scratch));
    fprintf(file, "tide %u: %llu taken, %llu repeated, %llu late, %llu unreadable\n", book->tide,
            (unsigned long long)book->taken, (unsigned long long)book->repeated, (unsigned long long)book->late,
            (unsigned long long)book->unreadable);
    if (fclose(file))
        fail("beach.txt");
}

static int radio(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int radio = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (radio < 0 || bind(radio, (struct sockaddr *)address, size) ||
        getsockname(radio, (struct sockaddr *)address, &size))
        fail("radio");
    return radio;
}

/* The program as the sets: of twenty reports nine were already understood, and one comes after its tide. */
static void ride(const char *port)
{
    struct sockaddr_in address;
    int set = radio(&address);
    address.sin_port = (in_port_t)atoi(port);
    if (connect(set, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    uint32_t number = 1;
    for (unsigned turn = 0;; turn++) {
        unsigned char bytes[LARGEST];
        unsigned kind = turn * 7 % 20, tide = 10 + turn / 50000, rider = turn % RIDERS, size = HEADER;
        number += kind >= 9;
        uint32_t said = number > 400 && kind < 9 ? number - 400 : number;
        uint32_t head[] = {MAGIC, rider, kind == 19 ? tide - 2 : tide, said};
        for (int at = 0, place = 0; at < 4; place += at++ == 3 ? 4 : 2)
            for (int byte = at == 3 ? 4 : 2, low = 0; byte-- > 0; low += 8)
                bytes[place + byte] = (unsigned char)(head[at] >> low);
        bytes[10] = SHRIMPS >> 8;
        bytes[11] = SHRIMPS & 255;
        for (unsigned at = 0; at < SHRIMPS; at++) {
            unsigned dice = (turn + 1) * 2654435761u + at * 40503u;
            bytes[size++] = (unsigned char)(dice >> 16 & 7);
            bytes[size++] = (unsigned char)(dice >> 8 & 1);
            bytes[size++] = (unsigned char)dice;
        }
        if (send(set, bytes, size, 0) < 0 && errno == ECONNREFUSED)
            exit(0);
        struct timespec pause = {0, 1000000000 / RATE - 60000};
        nanosleep(&pause, NULL);
    }
}

int main(int count, char **words)
{
    if (count > 1)
        ride(words[1]);
    static struct book book;
    struct sockaddr_in address;
    int ear = radio(&address);
    char self[2048] = {0}, start[2200];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        fail("self");
    snprintf(start, sizeof start, "'%s' %u >/dev/null 2>&1 &", self, address.sin_port);
    if (system(start))
        fail("sets");
    time_t written = time(NULL);
    for (uint64_t heard = 1;; heard++) {
        unsigned char bytes[LARGEST];
        ssize_t size = recv(ear, bytes, sizeof bytes, 0);
        if (size < 0)
            fail("recv");
        struct report *report = report_read(bytes, (size_t)size);
        if (report)
            book_enter(&book, report);
        else
            book.unreadable++;
        if (heard == RATE) {
            printf("ready %d\n", (int)getpid());
            fflush(stdout);
        }
        if (time(NULL) >= written + 2) {
            book_write(&book);
            written = time(NULL);
        }
    }
}
