/* expect: pattern=hot-loop bench */
/* Counts the traffic of a network by flow. The flows are in one list, which is searched for each packet. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLOWS 400
#define PACKET 256

struct key {
    uint32_t from, to;
    uint16_t from_port, to_port;
};

struct flow {
    struct key key;
    uint64_t packets, bytes;
    struct flow *next;
};

static struct flow *first;

__attribute__((noinline)) static struct flow *flow_of(const struct key *key)
{
    for (struct flow *flow = first; flow; flow = flow->next) // <- cost
        if (flow->key.from == key->from && flow->key.to == key->to && flow->key.from_port == key->from_port // <- cost
            && flow->key.to_port == key->to_port) // <- cost
            return flow;
    struct flow *made = calloc(1, sizeof *made);
    made->key = *key;
    made->next = first;
    first = made;
    return made;
}

/* The checksum of the Internet protocols. */
__attribute__((noinline)) static uint16_t checksum(const uint8_t *packet, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

__attribute__((noinline)) static void make_packet(uint8_t *packet, uint64_t number)
{
    uint64_t mix = number * 6364136223846793005ULL + 1442695040888963407ULL;
    uint32_t which = (uint32_t)(mix >> 40) % FLOWS;
    uint32_t from = 0x0a000000u + which * 7919u % 65536u, to = 0x0a010000u + which % 90u;
    memset(packet, (int)(number & 0xff), PACKET);
    memcpy(packet + 12, &from, 4);
    memcpy(packet + 16, &to, 4);
    packet[20] = (uint8_t)(which >> 3);
    packet[22] = 80;
}

__attribute__((noinline)) static void take(const uint8_t *packet, uint64_t *damaged)
{
    struct key key = {0};
    memcpy(&key.from, packet + 12, 4);
    memcpy(&key.to, packet + 16, 4);
    key.from_port = packet[20];
    key.to_port = packet[22];
    *damaged += checksum(packet, PACKET) == 0;
    struct flow *flow = flow_of(&key); // <- cost
    flow->packets++;
    flow->bytes += PACKET;
}

static long passed(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

int main(void)
{
    uint8_t packet[PACKET];
    uint64_t damaged = 0;
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    FILE *log = fopen("flows.log", "w");
    long told = 0;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (uint64_t number = 0;; number++) {
        make_packet(packet, number);
        take(packet, &damaged);
        if (number % 4096 == 0 && passed(&began) - told > 1000) {
            told = passed(&began);
            fprintf(log, "%ld %llu packets, %llu damaged\n", told, (unsigned long long)number, (unsigned long long)damaged);
            fflush(log);
        }
    }
}
