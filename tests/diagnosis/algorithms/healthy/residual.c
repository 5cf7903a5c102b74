#include <stddef.h>
#include <stdint.h>

#define BLOCK 8

typedef struct {
    const int16_t *coeffs;      /* 64 per block, in raster order */
    const uint8_t *nonzero;
    int mb_width, mb_height;
    ptrdiff_t linesize;
    uint8_t *dst;
} PlaneContext;

static inline uint8_t clip_uint8(int a)
{
    return a < 0 ? 0 : a > 255 ? 255 : a;
}

static inline void idct_1d(int *out, const int *in, int stride)
{
    int a0 = in[0] + in[4 * stride];                                    // <- hot 11
    int a2 = in[0] - in[4 * stride];
    int a4 = (in[2 * stride] >> 1) - in[6 * stride];
    int a6 = (in[6 * stride] >> 1) + in[2 * stride];
    int b0 = a0 + a6, b2 = a2 + a4, b4 = a2 - a4, b6 = a0 - a6;
    int a1 = in[5 * stride] - in[3 * stride] - in[7 * stride] - (in[7 * stride] >> 1); // <- hot 24
    int a3 = in[7 * stride] + in[1 * stride] - in[3 * stride] - (in[3 * stride] >> 1);
    int a5 = in[7 * stride] - in[1 * stride] + in[5 * stride] + (in[5 * stride] >> 1);
    int a7 = in[3 * stride] + in[5 * stride] + in[1 * stride] + (in[1 * stride] >> 1);
    int b1 = (a7 >> 2) + a1, b3 = a3 + (a5 >> 2);
    int b5 = (a3 >> 2) - a5, b7 = a7 - (a1 >> 2);

    out[0 * stride] = b0 + b7;                                          // <- hot 17
    out[7 * stride] = b0 - b7;
    out[1 * stride] = b2 + b5;
    out[6 * stride] = b2 - b5;
    out[2 * stride] = b4 + b3;
    out[5 * stride] = b4 - b3;
    out[3 * stride] = b6 + b1;
    out[4 * stride] = b6 - b1;
}

static void idct8_add(uint8_t *dst, const int16_t *coeffs, ptrdiff_t stride)
{
    int tmp[64], res[64];

    for (int i = 0; i < 64; i++)
        res[i] = coeffs[i];
    res[0] += 32;
    for (int i = 0; i < BLOCK; i++)
        idct_1d(tmp + i, res + i, BLOCK);
    for (int i = 0; i < BLOCK; i++)
        idct_1d(res + i * BLOCK, tmp + i * BLOCK, 1);
    for (int y = 0; y < BLOCK; y++, dst += stride)
        for (int x = 0; x < BLOCK; x++)
            dst[x] = clip_uint8(dst[x] + (res[y * BLOCK + x] >> 6));    // <- hot 31
}

void decode_plane(const PlaneContext *p)
{
    const int16_t *block = p->coeffs;
    const uint8_t *nz    = p->nonzero;

    for (int y = 0; y < p->mb_height; y++)
        for (int x = 0; x < p->mb_width; x++, block += 64, nz++)
            if (*nz)
                idct8_add(p->dst + y * BLOCK * p->linesize + x * BLOCK, block, p->linesize);
}
