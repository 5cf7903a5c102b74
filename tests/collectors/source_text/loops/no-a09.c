#include <stdint.h>

void blur(const uint8_t *src, uint8_t *dst, int w, int h, const float *k, int r)
{
    int size = 2 * r + 1;
    for (int y = r; y < h - r; y++) {
        for (int x = r; x < w - r; x++) {
            float acc = 0.0f;
            for (int j = 0; j < size; j++)
                for (int i = 0; i < size; i++)
                    acc += k[j * size + i] * src[(y + j - r) * w + (x + i - r)]; // <- 0
            dst[y * w + x] = (uint8_t)(acc + 0.5f);
        }
    }
}
