#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum state { IDLE, BODY, SUM_HI, SUM_LO };

struct sentence {
    char fields[24][16];
    int count;
};

typedef void (*sentence_fn)(void *ctx, const struct sentence *s);

struct nmea {
    enum state state;
    struct sentence cur;
    int col;
    uint8_t sum;
    uint8_t want;
    unsigned bad;
    sentence_fn emit;
    void *ctx;
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void put(struct nmea *p, char c)
{
    if (p->cur.count < 24 && p->col < 15)
        p->cur.fields[p->cur.count][p->col++] = c; // <- hot 27
}

static void next_field(struct nmea *p)
{
    if (p->cur.count < 24) {
        p->cur.fields[p->cur.count++][p->col] = '\0';
        p->col = 0;
    }
}

void nmea_feed(struct nmea *p, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) { // <- hot 12
        char c = data[i];
        if (c == '$') {
            p->state = BODY;
            p->cur.count = p->col = 0;
            p->sum = 0;
            continue;
        }
        switch (p->state) { // <- hot 26
        case IDLE:
            break;
        case BODY:
            if (c == '*') {
                next_field(p);
                p->state = SUM_HI;
                break;
            }
            p->sum ^= (uint8_t)c; // <- hot 11
            if (c == ',')
                next_field(p);
            else
                put(p, c);
            break;
        case SUM_HI:
            p->want = (uint8_t)(hex(c) << 4);
            p->state = SUM_LO;
            break;
        case SUM_LO:
            if ((p->want | hex(c)) == p->sum)
                p->emit(p->ctx, &p->cur);
            else
                p->bad++;
            p->state = IDLE;
            break;
        }
    }
}
