/* Local alignment of short reads against a reference window. */
#include <stdlib.h>
#include <string.h>

typedef struct {
    int match, mismatch, gap;
} scoring;

typedef struct {
    int score, ref_end, read_end;
} hit;

static inline int max2(int a, int b) { return a > b ? a : b; }

hit align_local(const char *ref, size_t rn, const char *read, size_t qn,
                const scoring *sc, int *row)
{
    hit best = { 0, 0, 0 };
    memset(row, 0, (qn + 1) * sizeof *row);
    for (size_t i = 1; i <= rn; i++) {
        int diag = 0;
        for (size_t j = 1; j <= qn; j++) {
            int up = row[j];
            int s = diag + (ref[i - 1] == read[j - 1] ? sc->match : sc->mismatch); // <- hot 36
            s = max2(s, up + sc->gap); // <- hot 19
            s = max2(s, row[j - 1] + sc->gap); // <- hot 24
            s = max2(s, 0);
            row[j] = s;
            diag = up;
            if (s > best.score) { // <- hot 10
                best.score = s;
                best.ref_end = (int)i;
                best.read_end = (int)j;
            }
        }
    }
    return best;
}

int align_batch(const char *ref, size_t rn, char **reads, size_t nreads,
                const scoring *sc, hit *out)
{
    size_t longest = 0;
    for (size_t i = 0; i < nreads; i++)
        longest = strlen(reads[i]) > longest ? strlen(reads[i]) : longest;
    int *row = malloc((longest + 1) * sizeof *row);
    if (!row)
        return -1;
    for (size_t i = 0; i < nreads; i++)
        out[i] = align_local(ref, rn, reads[i], strlen(reads[i]), sc, row);
    free(row);
    return 0;
}
