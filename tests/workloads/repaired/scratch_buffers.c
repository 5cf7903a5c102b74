/* expect: healthy */
/* Blurs images; all steps share one scratch image. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 8192
#define HEIGHT 5120

static unsigned char image[WIDTH * HEIGHT];
static unsigned char *names[64];

__attribute__((noinline)) static void blur(unsigned char *pixels)
{
    static unsigned char scratch[WIDTH * HEIGHT];
    memset(scratch, pixels[0], WIDTH * HEIGHT);
    for (int i = 1; i < WIDTH * HEIGHT - 1; i += 16)
        scratch[i] = (unsigned char)((pixels[i - 1] + pixels[i + 1]) / 2);
    memcpy(pixels, scratch, WIDTH);
}

__attribute__((noinline)) static void label(int number)
{
    free(names[number & 63]);
    names[number & 63] = malloc(24);
    snprintf((char *)names[number & 63], 24, "image %d", number);
}

int main(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (int number = 0;; number++) {
        image[number % WIDTH]++;
        label(number);
        blur(image);
    }
}
