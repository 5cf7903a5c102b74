// expect: pattern=memory-growth bench
// Puts the messages of ships' transponders together: long ones come in several sentences, which are told apart by their
// channel and a number that comes round again soon. What is whole is decoded and counted; the figures go to a file.
// It replays a day's record of a shore station at many times its pace.
// Measured: memory grows by 30 bytes for each sentence, 2.4 MB a second at 80000 sentences; it stays at 1.8 MB in the twin.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MOST_PARTS 5
#define PART 84
#define SEQUENCES 10
#define KINDS 28
#define A_ROUND 2500
#define SHIPS 4096

/* A message of which not all sentences have come. */
struct pending {
	int parts, came;
	char part[MOST_PARTS][PART];
};

struct ship {
	uint32_t mmsi;
	unsigned messages;
	char name[21];
};

struct station {
	struct pending *pending[2][SEQUENCES];
	struct ship ships[SHIPS];
	unsigned long sentences, messages, spoilt, incomplete;
	unsigned long kinds[KINDS];
};

static volatile sig_atomic_t ended;

static void end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static unsigned dice(unsigned most)
{
	static unsigned state = 362436069u;
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % most;
}

static unsigned checksum(const char *text, size_t length)
{
	unsigned sum = 0;
	for (size_t i = 0; i < length; i++)
		sum ^= (unsigned char)text[i];
	return sum;
}

static unsigned six_bits(char letter)
{
	unsigned value = (unsigned)letter - 48;
	return value > 40 ? value - 8 : value;
}

static uint32_t bits(const char *payload, unsigned from, unsigned count)
{
	uint32_t value = 0;
	for (unsigned i = from; i < from + count; i++)
		value = value << 1 | (six_bits(payload[i / 6]) >> (5 - i % 6) & 1);
	return value;
}

static void read_name(const char *payload, char *name)
{
	for (int i = 0; i < 20; i++) {
		unsigned letter = bits(payload, 112 + 6 * i, 6);
		name[i] = letter < 32 ? letter + 64 : letter;
	}
	name[20] = '\0';
}

static void decode(struct station *station, const char *payload)
{
	size_t length = strlen(payload);
	unsigned kind = bits(payload, 0, 6);
	if (kind >= KINDS || length < 28) {
		station->spoilt++;
		return;
	}
	uint32_t mmsi = bits(payload, 8, 30);
	struct ship *ship = &station->ships[mmsi * 2654435761u >> 20];
	ship->mmsi = mmsi;
	ship->messages++;
	if (kind == 5 && length >= 60)
		read_name(payload, ship->name);
	station->kinds[kind]++;
	station->messages++;
}

static struct pending *begin(struct station *station, int channel, int sequence, int parts)
{
	struct pending *fresh = calloc(1, sizeof *fresh); // <- cost
	if (!fresh)
		exit(1);
	fresh->parts = parts;
	station->pending[channel][sequence] = fresh; // <- cost
	return fresh;
}

static void complete(struct station *station, int channel, int sequence)
{
	char payload[MOST_PARTS * PART];
	struct pending *whole = station->pending[channel][sequence];
	size_t used = 0;
	for (int i = 0; i < whole->parts; i++) {
		size_t length = strlen(whole->part[i]);
		memcpy(payload + used, whole->part[i], length);
		used += length;
	}
	payload[used] = '\0';
	decode(station, payload);
	free(whole);
	station->pending[channel][sequence] = NULL;
}

/* Take one sentence: !AIVDM,parts,number,sequence,channel,payload,fill*sum */
static void take(struct station *station, const char *sentence)
{
	int parts, number, sequence = 0;
	unsigned told;
	char side, payload[PART];
	const char *star = strchr(sentence, '*');
	station->sentences++;
	if (!star || sscanf(star, "*%2X", &told) != 1 || checksum(sentence + 1, star - sentence - 1) != told ||
		(sscanf(sentence, "!AIVDM,%d,%d,%d,%c,%83[^,],", &parts, &number, &sequence, &side, payload) != 5 &&
		 sscanf(sentence, "!AIVDM,%d,%d,,%c,%83[^,],", &parts, &number, &side, payload) != 4) ||
		parts > MOST_PARTS || number < 1 || number > parts || sequence < 0 || sequence >= SEQUENCES) {
		station->spoilt++;
		return;
	}
	if (parts == 1) {
		decode(station, payload);
		return;
	}
	int channel = side == 'B';
	struct pending *pending = station->pending[channel][sequence];
	if (number == 1)
		pending = begin(station, channel, sequence, parts); // <- cost
	if (!pending || pending->parts != parts || number != pending->came + 1) {
		station->incomplete++;
		return;
	}
	strcpy(pending->part[pending->came++], payload);
	if (pending->came == parts)
		complete(station, channel, sequence);
}

/* The record: what the aerial heard. Not every sentence gets through. */
static void hear(struct station *station, void (*taker)(struct station *, const char *))
{
	static unsigned sequence;
	char body[128], sentence[140], payload[57];
	int parts = dice(3) ? 1 : 2 + dice(3), last = 28 + dice(20);
	char side = "AB"[dice(2)];
	sequence = (sequence + 1) % SEQUENCES;
	for (int number = 1; number <= parts; number++) {
		int length = number < parts ? 56 : last;
		for (int i = 0; i < length; i++)
			payload[i] = "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"[dice(64)];
		if (number == 1)
			payload[0] = parts > 1 ? '5' : '1';
		payload[length] = '\0';
		if (parts == 1)
			snprintf(body, sizeof body, "AIVDM,1,1,,%c,%s,0", side, payload);
		else
			snprintf(body, sizeof body, "AIVDM,%d,%d,%u,%c,%s,0", parts, number, sequence, side, payload);
		snprintf(sentence, sizeof sentence, "!%s*%02X", body, checksum(body, strlen(body)));
		if (dice(100) < 20)
			continue; // two ships spoke at once
		taker(station, sentence); // <- cost
	}
}

static int show(const struct station *station, double since)
{
	unsigned known = 0;
	FILE *file = fopen("station.txt", "w");
	if (!file)
		return -1;
	for (int i = 0; i < SHIPS; i++)
		known += station->ships[i].messages > 0;
	fprintf(file, "%lu sentences, %lu messages, %u ships\n", station->sentences, station->messages, known);
	for (int kind = 0; kind < KINDS; kind++)
		if (station->kinds[kind])
			fprintf(file, "kind %2d: %lu\n", kind, station->kinds[kind]);
	fprintf(stderr, "%.0f sentences a second, %lu incomplete, %lu spoilt\n", station->sentences / since, station->incomplete,
		station->spoilt);
	return fclose(file);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(void)
{
	struct station *station = calloc(1, sizeof *station);
	if (!station)
		return 1;
	signal(SIGTERM, end);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	double began = now(), told = began;
	while (!ended) {
		for (int i = 0; i < A_ROUND; i++)
			hear(station, take); // <- cost
		if (now() - told > 2) {
			told = now();
			if (show(station, told - began))
				break;
		}
		usleep(30000);
	}
	free(station);
	return 0;
}
