/* expect: healthy */
/* Multiplies matrices, row by row. */
#include <stdio.h>
#include <unistd.h>

#define N 256

static double a[N][N], b[N][N], c[N][N];

__attribute__((noinline)) static void multiply(void)
{
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            for (int j = 0; j < N; j++)
                c[i][j] += a[i][k] * b[k][j];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = (i + j) % 7, b[i][j] = (i * j) % 5;
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;)
        multiply();
}
