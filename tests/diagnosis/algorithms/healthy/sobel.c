/* Edge map for the label inspection camera. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct {
    int w, h, stride;
    uint8_t *px;
} gray8;

static const int KX[3][3] = { { -1, 0, 1 }, { -2, 0, 2 }, { -1, 0, 1 } };
static const int KY[3][3] = { { -1, -2, -1 }, { 0, 0, 0 }, { 1, 2, 1 } };

static inline uint8_t clamp_u8(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

void sobel(const gray8 *src, gray8 *dst)
{
    for (int y = 1; y < src->h - 1; y++) {
        for (int x = 1; x < src->w - 1; x++) {
            int gx = 0, gy = 0;
            for (int j = -1; j <= 1; j++) {
                for (int i = -1; i <= 1; i++) {
                    int p = src->px[(y + j) * src->stride + x + i]; // <- hot 31
                    gx += p * KX[j + 1][i + 1]; // <- hot 24
                    gy += p * KY[j + 1][i + 1]; // <- hot 23
                }
            }
            dst->px[y * dst->stride + x] = // <- hot 11
                clamp_u8((int)sqrt((double)(gx * gx + gy * gy)));
        }
    }
}

int count_edges(const gray8 *edges, uint8_t threshold)
{
    int n = 0;
    for (int y = 0; y < edges->h; y++)
        for (int x = 0; x < edges->w; x++)
            n += edges->px[y * edges->stride + x] >= threshold;
    return n;
}
