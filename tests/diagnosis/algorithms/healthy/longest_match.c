#include <stdint.h>
#include <string.h>

#define WSIZE 32768u
#define WMASK (WSIZE - 1)
#define HASH_BITS 15
#define HASH_SIZE (1u << HASH_BITS)
#define MIN_MATCH 3
#define MAX_MATCH 258
#define NIL 0

typedef uint16_t Pos;

typedef struct {
    const uint8_t *window;
    unsigned window_size;
    Pos prev[WSIZE];
    Pos head[HASH_SIZE];
    unsigned strstart;
    unsigned match_start;
    unsigned prev_length;
    unsigned max_chain_length;
    unsigned nice_match;
    void (*emit)(void *ctx, unsigned dist, unsigned lc);
    void *ctx;
} deflate_state;

static unsigned insert_string(deflate_state *s, unsigned str)
{
    const uint8_t *p = s->window + str;
    unsigned h = ((p[0] << 10) ^ (p[1] << 5) ^ p[2]) & (HASH_SIZE - 1); // <- hot 9
    unsigned hash_head = s->prev[str & WMASK] = s->head[h];

    s->head[h] = (Pos)str;
    return hash_head;
}

static unsigned longest_match(deflate_state *s, unsigned cur_match)
{
    unsigned chain_length = s->max_chain_length;
    const uint8_t *scan = s->window + s->strstart;
    unsigned best_len = MIN_MATCH - 1;
    unsigned limit = s->strstart > WSIZE ? s->strstart - WSIZE : NIL;
    unsigned room = s->window_size - s->strstart;

    if (room > MAX_MATCH)
        room = MAX_MATCH;
    do {
        const uint8_t *match = s->window + cur_match;
        unsigned len = 0;

        if (best_len < room && (match[best_len] != scan[best_len] || match[0] != scan[0])) // <- hot 37
            continue;
        while (len < room && match[len] == scan[len]) // <- hot 24
            len++;
        if (len > best_len) {
            s->match_start = cur_match;
            best_len = len;
            if (len >= s->nice_match || len == room)
                break;
        }
    } while ((cur_match = s->prev[cur_match & WMASK]) > limit && --chain_length != 0); // <- hot 22
    return best_len;
}

void deflate_block(deflate_state *s)
{
    while (s->strstart + MIN_MATCH <= s->window_size) {
        unsigned hash_head = insert_string(s, s->strstart);
        unsigned len = hash_head != NIL ? longest_match(s, hash_head) : 0;

        if (len < MIN_MATCH) {
            s->emit(s->ctx, 0, s->window[s->strstart++]);
            continue;
        }
        s->emit(s->ctx, s->strstart - s->match_start, len - MIN_MATCH);
        while (--len) {
            s->strstart++;
            if (s->strstart + MIN_MATCH <= s->window_size)
                insert_string(s, s->strstart);
        }
        s->strstart++;
    }
}
