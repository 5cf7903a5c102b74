#include <stdint.h>

typedef struct { int w, h; uint8_t *px; } image;

static uint8_t blur_at(const image *im, int x, int y)
{
    int sum = 0, n = 0;
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            int u = x + dx, v = y + dy;
            if (u < 0 || v < 0 || u >= im->w || v >= im->h)
                continue;
            sum += im->px[v * im->w + u]; // <- 0
            n++;
        }
    return (uint8_t)(sum / n);
}

static void blur_row(const image *in, image *out, int y)
{
    for (int x = 0; x < in->w; x++)
        out->px[y * out->w + x] = blur_at(in, x, y); // <- 1
}

void blur(const image *in, image *out)
{
    int y = 0;
    do
        blur_row(in, out, y); // <- 2
    while (++y < in->h);
}
