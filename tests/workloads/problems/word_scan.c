/* expect: pattern=hot-loop bench */
/* Counts the words of texts in a linked list. */
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

static struct word *words;

__attribute__((noinline)) static void count(const char *text)
{
    struct word *word = words;
    while (word && strcasecmp(word->text, text)) // <- cost
        word = word->next;                       // <- cost
    if (!word) {
        word = calloc(1, sizeof *word);
        snprintf(word->text, sizeof word->text, "%s", text);
        word->next = words;
        words = word;
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
