#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct dictEntry {
    char *key;
    void *val;
    struct dictEntry *next;
} dictEntry;

typedef struct dict {
    dictEntry **table[2];
    unsigned long size[2];
    unsigned long used[2];
    long rehashidx; /* -1 when no rehash is going on */
} dict;

static uint64_t hashKey(const char *s) {
    uint64_t h = 0xcbf29ce484222325ULL;
    while (*s) h = (h ^ (unsigned char)*s++) * 0x100000001b3ULL; // <- hot 21
    return h ^ (h >> 29);
}

/* Moves n buckets of the old table over; visits at most 10*n empty ones. */
static void dictRehash(dict *d, int n) {
    int empty_visits = n * 10;

    while (n-- && d->used[0] != 0) {
        while (d->table[0][d->rehashidx] == NULL) {
            d->rehashidx++;
            if (--empty_visits == 0) return;
        }
        dictEntry *de = d->table[0][d->rehashidx];
        while (de) {
            dictEntry *next = de->next;
            uint64_t h = hashKey(de->key) & (d->size[1] - 1);
            de->next = d->table[1][h]; // <- hot 13
            d->table[1][h] = de;
            d->used[0]--;
            d->used[1]++;
            de = next;
        }
        d->table[0][d->rehashidx++] = NULL;
    }
    if (d->used[0] == 0) {
        free(d->table[0]);
        d->table[0] = d->table[1];
        d->size[0] = d->size[1];
        d->used[0] = d->used[1];
        d->table[1] = NULL;
        d->size[1] = d->used[1] = 0;
        d->rehashidx = -1;
    }
}

dictEntry *dictFind(dict *d, const char *key) {
    if (d->used[0] + d->used[1] == 0) return NULL;
    if (d->rehashidx != -1) dictRehash(d, 1);

    uint64_t h = hashKey(key);
    for (int t = 0; t <= 1; t++) {
        dictEntry *he = d->table[t][h & (d->size[t] - 1)]; // <- hot 30
        while (he) {
            if (strcmp(key, he->key) == 0) return he; // <- hot 26
            he = he->next;
        }
        if (d->rehashidx == -1) break;
    }
    return NULL;
}

int mgetCommand(dict *d, char **keys, int nkeys, void **out) {
    int hits = 0;
    for (int j = 0; j < nkeys; j++) {
        dictEntry *de = dictFind(d, keys[j]);
        out[j] = de ? de->val : NULL;
        hits += de != NULL;
    }
    return hits;
}
