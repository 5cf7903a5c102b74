/* expect: healthy bench */
/* Counts the words of texts in a table of lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct word {
    char text[32];
    long times;
    struct word *next;
};

#define LISTS 4093
static struct word *words[LISTS];

__attribute__((noinline)) static void count(const char *text)
{
    unsigned at = 5381;
    for (const char *c = text; *c; c++)
        at = at * 33 + ((unsigned char)*c | 32);
    at %= LISTS;
    struct word *word = words[at];
    while (word && strcasecmp(word->text, text))
        word = word->next;
    if (!word) {
        word = calloc(1, sizeof *word);
        snprintf(word->text, sizeof word->text, "%s", text);
        word->next = words[at];
        words[at] = word;
    }
    word->times++;
}

__attribute__((noinline)) static int vowels(const char *text)
{
    int found = 0;
    for (; *text; text++)
        found += *text == 'a' || *text == 'e' || *text == 'o';
    return found;
}

int main(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
    long total = 0;
    for (unsigned i = 0;; i++) {
        char text[32];
        snprintf(text, sizeof text, "dictionary%u", i * 2654435761u % 1500);
        count(text);
        total += vowels(text);
    }
    return (int)total;
}
