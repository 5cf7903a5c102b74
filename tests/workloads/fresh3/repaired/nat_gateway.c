/* expect: healthy bench */
/*
 * Gives the packets of a house one address to the outside: each flow gets a port, which is free again when it was silent
 * for a while.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FLOWS 2048
#define BUCKETS 4096
#define PATIENCE 60000 /* packets: the clock of this gateway */
#define PAYLOAD 1200

struct packet {
    uint32_t from, to;
    uint16_t from_port, to_port;
    uint16_t sum;
    uint16_t size;
    unsigned char payload[PAYLOAD];
};

struct flow {
    uint32_t from, to;
    uint16_t from_port, to_port, port;
    int16_t used;
    int32_t next; /* in its bucket, or among the free ones */
    uint64_t seen;
    int32_t older, newer; /* by when they were seen */
};

struct gateway {
    struct flow flows[FLOWS];
    int32_t buckets[BUCKETS];
    int32_t free, oldest, newest;
    uint64_t now;
    long opened, ended, refused;
};

static uint32_t hash(const struct packet *packet)
{
    uint32_t mixed = packet->from * 2654435761u ^ packet->to * 40503u;
    mixed ^= ((uint32_t)packet->from_port << 16 | packet->to_port) * 2246822519u;
    return (mixed ^ mixed >> 15) % BUCKETS;
}

static uint32_t hash_of(const struct flow *flow)
{
    struct packet packet = {.from = flow->from, .to = flow->to, .from_port = flow->from_port, .to_port = flow->to_port};
    return hash(&packet);
}

static void unlink_flow(struct gateway *gateway, int32_t number)
{
    struct flow *flow = &gateway->flows[number];
    *(flow->older < 0 ? &gateway->oldest : &gateway->flows[flow->older].newer) = flow->newer;
    *(flow->newer < 0 ? &gateway->newest : &gateway->flows[flow->newer].older) = flow->older;
}

static void link_newest(struct gateway *gateway, int32_t number)
{
    struct flow *flow = &gateway->flows[number];
    flow->newer = -1;
    flow->older = gateway->newest;
    *(flow->older < 0 ? &gateway->oldest : &gateway->flows[flow->older].newer) = number;
    gateway->newest = number;
}

static void end_flow(struct gateway *gateway, int32_t number)
{
    struct flow *flow = &gateway->flows[number];
    int32_t *at = &gateway->buckets[hash_of(flow)];
    while (*at != number)
        at = &gateway->flows[*at].next;
    unlink_flow(gateway, number);
    *at = flow->next;
    flow->used = 0;
    flow->next = gateway->free;
    gateway->free = number;
    gateway->ended++;
}

/* Ends the flows that were silent for too long: the first ones of the list. */
static void expire(struct gateway *gateway)
{
    while (gateway->oldest >= 0 && gateway->flows[gateway->oldest].seen + PATIENCE < gateway->now)
        end_flow(gateway, gateway->oldest);
}

static struct flow *flow_of(struct gateway *gateway, const struct packet *packet)
{
    uint32_t bucket = hash(packet);
    for (int32_t at = gateway->buckets[bucket]; at >= 0; at = gateway->flows[at].next) {
        struct flow *flow = &gateway->flows[at];
        if (flow->from == packet->from && flow->to == packet->to && flow->from_port == packet->from_port &&
            flow->to_port == packet->to_port)
            return flow;
    }
    int32_t number = gateway->free;
    if (number < 0)
        return NULL;
    struct flow *flow = &gateway->flows[number];
    gateway->free = flow->next;
    *flow = (struct flow){packet->from, packet->to, packet->from_port, packet->to_port, (uint16_t)(20000 + number), 1,
                          gateway->buckets[bucket], gateway->now, -1, -1};
    link_newest(gateway, number);
    gateway->buckets[bucket] = number;
    gateway->opened++;
    return flow;
}

/* The sum of the internet, over the payload. */
__attribute__((noinline)) static uint16_t internet_sum(const unsigned char *bytes, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static int pass(struct gateway *gateway, struct packet *packet)
{
    gateway->now++;
    expire(gateway);
    struct flow *flow = flow_of(gateway, packet);
    if (!flow) {
        gateway->refused++;
        return -1;
    }
    int32_t number = (int32_t)(flow - gateway->flows);
    flow->seen = gateway->now;
    unlink_flow(gateway, number);
    link_newest(gateway, number);
    packet->from = 0x0a000001;
    packet->from_port = flow->port;
    packet->sum = internet_sum(packet->payload, packet->size);
    return 0;
}

/* The next packet of the house: of a flow that lasts a while. */
static void next_packet(struct packet *packet, uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint32_t which = (uint32_t)(*state >> 33) % 800, age = (uint32_t)(*state >> 20) % 16 == 0 ? (uint32_t)(*state >> 50) % 3 : 0;
    packet->from = 0xc0a80000 + which % 200;
    packet->to = 0x08000000 + which * 7919;
    packet->from_port = (uint16_t)(1024 + which + age);
    packet->to_port = 443;
    packet->size = (uint16_t)(PAYLOAD - which % 300);
    memcpy(packet->payload + which % 64, state, sizeof *state);
}

int main(void)
{
    static struct gateway gateway;
    static struct packet packet;
    struct timespec began, now;
    uint64_t state = 7;
    long told = 0, sums = 0;
    gateway.oldest = gateway.newest = -1;
    for (int i = 0; i < BUCKETS; i++)
        gateway.buckets[i] = -1;
    for (int i = 0; i < FLOWS; i++)
        gateway.flows[i].next = i + 1 < FLOWS ? i + 1 : -1;
    FILE *log = fopen("gateway.log", "w");
    clock_gettime(CLOCK_MONOTONIC, &began);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (long count = 1;; count++) {
        next_packet(&packet, &state);
        if (pass(&gateway, &packet) == 0)
            sums += packet.sum & 1;
        if (count % 1000)
            continue;
        clock_gettime(CLOCK_MONOTONIC, &now);
        long passed = (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
        if (passed - told > 1000) {
            told = passed;
            fprintf(log, "%ld %ld packets, %ld opened, %ld ended, %ld refused, %ld odd\n", passed, count, gateway.opened,
                    gateway.ended, gateway.refused, sums);
            fflush(log);
        }
    }
}
