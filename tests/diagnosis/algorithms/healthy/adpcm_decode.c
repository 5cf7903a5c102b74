#include <stddef.h>
#include <stdint.h>

static const int16_t step_table[89] = {
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80,
    88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598,
    658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327,
    3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289,
    16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767};
static const int8_t index_table[8] = {-1, -1, -1, -1, 2, 4, 6, 8};

struct adpcm {
    int sample;
    int index;
};

static int clamp(int v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static int16_t nibble(struct adpcm *s, unsigned n)
{
    int step = step_table[s->index];       // <- hot 21
    int diff = step >> 3;

    if (n & 4) diff += step;               // <- hot 14
    if (n & 2) diff += step >> 1;
    if (n & 1) diff += step >> 2;
    s->sample = clamp(n & 8 ? s->sample - diff : s->sample + diff, -32768, 32767); // <- hot 28
    s->index = clamp(s->index + index_table[n & 7], 0, 88);                        // <- hot 20
    return (int16_t)s->sample;
}

size_t adpcm_decode(struct adpcm *s, const uint8_t *in, size_t n, int16_t *out)
{
    size_t i;

    for (i = 0; i < n; i++) {
        out[2 * i] = nibble(s, in[i] & 15);
        out[2 * i + 1] = nibble(s, in[i] >> 4);
    }
    return 2 * n;
}
