// expect: healthy bench
// Garden gnomes on the loose: every gnome of a town's gnome walk has a radio tag, and readers at the hedges and gates
// send by UDP which tags they hear, 64 at a time. The tracker knows for each gnome in whose garden it stands, counts its
// moves and its nights out, and lists once in a while which gardens are crowded.
//
// Measured: a sighting takes 7 to 12 us, in the twin 0.11 us; 41 % of a core for 57600 sightings a second, in the
// twin 0.9 %.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define GNOMES 3600
#define GARDENS 120
#define SIGHTINGS 64
#define PACKETS_A_SECOND 900
#define TAG 20
#define SLOTS 16384 /* a power of two, at least twice as many as gnomes */

struct sighting {
    char tag[TAG];
    uint16_t reader;
    int16_t strength;
    uint32_t second;
};

struct gnome {
    char tag[TAG];
    char name[28];
    uint16_t home;
    uint16_t garden;
    int16_t strength;
    uint32_t seen;
    uint32_t moves;
    uint32_t nights_out;
};

struct garden {
    uint32_t gnomes;
    uint32_t visitors;
    uint32_t most;
};

struct town {
    struct gnome *gnomes;
    size_t known, room;
    uint16_t slots[SLOTS]; /* place in gnomes + 1, by the hash of the tag; 0: free */
    struct garden gardens[GARDENS];
    uint64_t sightings, strangers, moves;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void tag_of(char *tag, unsigned number)
{
    snprintf(tag, TAG, "GNM-2031-%05u", number * 7 % 99991);
}

static uint32_t hash_of(const char *tag)
{
    uint32_t hash = 2166136261u;
    for (; *tag; tag++)
        hash = (hash ^ (unsigned char)*tag) * 16777619u;
    return hash ^ hash >> 15;
}

/* The slot of the tag, or the free one where it belongs. */
static uint16_t *slot_of(struct town *town, const char *tag)
{
    uint32_t at = hash_of(tag) & (SLOTS - 1);
    while (town->slots[at] && strcmp(town->gnomes[town->slots[at] - 1].tag, tag) != 0)
        at = (at + 1) & (SLOTS - 1);
    return &town->slots[at];
}

static int enrol(struct town *town, const char *tag, const char *name, uint16_t home)
{
    if (town->known == SLOTS / 2)
        return -1;
    if (town->known == town->room) {
        size_t room = town->room ? town->room * 2 : 256;
        struct gnome *grown = realloc(town->gnomes, room * sizeof *grown);
        if (!grown)
            return -1;
        town->gnomes = grown;
        town->room = room;
    }
    struct gnome *gnome = &town->gnomes[town->known++];
    memset(gnome, 0, sizeof *gnome);
    snprintf(gnome->tag, TAG, "%s", tag);
    snprintf(gnome->name, sizeof gnome->name, "%s", name);
    gnome->home = gnome->garden = home;
    town->gardens[home].gnomes++;
    *slot_of(town, gnome->tag) = (uint16_t)town->known;
    return 0;
}

static struct gnome *gnome_of(struct town *town, const char *tag)
{
    uint16_t place = *slot_of(town, tag);
    return place ? &town->gnomes[place - 1] : NULL;
}

static void move_to(struct town *town, struct gnome *gnome, uint16_t garden)
{
    town->gardens[gnome->garden].gnomes--;
    struct garden *into = &town->gardens[garden];
    if (++into->gnomes > into->most)
        into->most = into->gnomes;
    if (garden != gnome->home)
        into->visitors++;
    gnome->garden = garden;
    gnome->moves++;
    town->moves++;
}

static void take(struct town *town, struct sighting *sighting)
{
    sighting->tag[TAG - 1] = 0;
    if (sighting->reader >= GARDENS)
        return;
    town->sightings++;
    struct gnome *gnome = gnome_of(town, sighting->tag);
    if (!gnome) {
        town->strangers++;
        return;
    }
    if (gnome->garden != sighting->reader) {
        /* two readers often hear the same tag: it moves only to one that hears it better, or after a while */
        if (sighting->strength > gnome->strength + 3 || sighting->second > gnome->seen + 20)
            move_to(town, gnome, sighting->reader);
        else
            return;
    }
    if (sighting->second / 60 != gnome->seen / 60 && gnome->garden != gnome->home)
        gnome->nights_out++;
    gnome->strength = (int16_t)((gnome->strength * 3 + sighting->strength) / 4);
    gnome->seen = sighting->second;
}

static int by_crowd(const void *a, const void *b)
{
    const struct garden *one = *(struct garden *const *)a, *two = *(struct garden *const *)b;
    return (two->gnomes > one->gnomes) - (two->gnomes < one->gnomes);
}

static void publish(struct town *town)
{
    struct garden *order[GARDENS];
    for (int i = 0; i < GARDENS; i++)
        order[i] = &town->gardens[i];
    qsort(order, GARDENS, sizeof *order, by_crowd);
    FILE *out = fopen("gardens.txt", "w");
    if (!out)
        fail("gardens.txt");
    for (int i = 0; i < GARDENS; i++)
        fprintf(out, "garden %d: %u gnomes, at most %u, %u visits\n", (int)(order[i] - town->gardens), order[i]->gnomes,
                order[i]->most, order[i]->visitors);
    uint32_t nights = 0;
    for (size_t i = 0; i < town->known; i++)
        nights += town->gnomes[i].nights_out;
    fprintf(out, "%u nights out\n", nights);
    fclose(out);
}

/* The part of the readers. */
static int hedges(int port)
{
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (line < 0 || connect(line, (struct sockaddr *)&there, sizeof there))
        return 1;
    static char tags[GNOMES + 40][TAG];
    for (unsigned i = 0; i < GNOMES + 40; i++)
        tag_of(tags[i], i);
    uint32_t dice = 99;
    struct sighting packet[SIGHTINGS];
    double due = now(), began = due;
    for (;;) {
        for (int i = 0; i < SIGHTINGS; i++) {
            dice = dice * 1664525 + 1013904223;
            unsigned gnome = (dice >> 8) % (GNOMES + 40);
            memcpy(packet[i].tag, tags[gnome], TAG);
            packet[i].reader = (uint16_t)((gnome + (dice >> 28)) % GARDENS);
            packet[i].strength = (int16_t)(-90 + (int)(dice >> 20) % 50);
            packet[i].second = (uint32_t)(now() - began);
        }
        if (send(line, packet, sizeof packet, 0) < 0 && errno == ECONNREFUSED)
            return 0;
        due += 1.0 / PACKETS_A_SECOND;
        double left = due - now();
        if (left > 0)
            usleep((useconds_t)(left * 1e6));
    }
}

int main(int count, char **words)
{
    if (count == 3 && !strcmp(words[1], "hedges"))
        return hedges(atoi(words[2]));
    static struct town town;
    for (unsigned i = 0; i < GNOMES; i++) {
        char tag[TAG], name[28];
        tag_of(tag, i);
        snprintf(name, sizeof name, "Zwerg %u", i);
        if (enrol(&town, tag, name, (uint16_t)(i % GARDENS)))
            fail("enrol");
    }
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in here = {.sin_family = AF_INET};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    if (line < 0 || bind(line, (struct sockaddr *)&here, size) || getsockname(line, (struct sockaddr *)&here, &size))
        fail("socket");
    char start[4200];
    snprintf(start, sizeof start, "'%s' hedges %d >/dev/null 2>&1 &", words[0], ntohs(here.sin_port));
    if (system(start))
        fail(start);
    int ready = 0;
    double told = now(), spent = 0;
    for (;;) {
        struct sighting packet[SIGHTINGS];
        ssize_t got = recv(line, packet, sizeof packet, 0);
        if (got < 0)
            fail("recv");
        double began = now();
        for (size_t i = 0; i < (size_t)got / sizeof *packet; i++)
            take(&town, &packet[i]);
        double ended = now();
        spent += ended - began;
        if (!ready && town.sightings > PACKETS_A_SECOND * SIGHTINGS) {
            ready = 1;
            printf("ready %d\n", (int)getpid());
            fflush(stdout);
        }
        if (ended - told > 5) {
            publish(&town);
            fprintf(stderr, "%llu sightings, %llu strangers, %llu moves, %.2f us each\n",
                    (unsigned long long)town.sightings, (unsigned long long)town.strangers,
                    (unsigned long long)town.moves, spent * 1e6 / (double)town.sightings);
            told = ended;
        }
    }
}
