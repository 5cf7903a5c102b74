/* Shuffle-free playlist walker of the jukebox daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct track {
    char title[96];
    int seconds;
    int gain_mb;
    struct track *next;
} track;

typedef struct {
    track *first, *last;
    int length;
} playlist;

void playlist_push(playlist *pl, const char *title, int seconds)
{
    track *t = calloc(1, sizeof *t);
    strncpy(t->title, title, sizeof t->title - 1);
    t->seconds = seconds;
    if (pl->last)
        pl->last->next = t;
    else
        pl->first = t;
    pl->last = t;
    pl->length++;
}

track *playlist_at(const playlist *pl, int index)
{
    track *t = pl->first;
    while (t && index-- > 0)
        t = t->next;
    return t;
}

int playlist_cue_sheet(const playlist *pl, FILE *out)
{
    int start = 0, i = 0;
    for (const track *t = pl->first; t; t = t->next) {
        fprintf(out, "  TRACK %02d AUDIO\n    TITLE \"%s\"\n", ++i, t->title); // <- hot 51
        fprintf(out, "    INDEX 01 %02d:%02d:00\n", start / 60, start % 60); // <- hot 42
        start += t->seconds;
    }
    return start;
}

void playlist_skip_to(const playlist *pl, int index, void (*play)(const track *))
{
    track *t = playlist_at(pl, index);
    if (t)
        play(t);
}
