#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct contact {
    char name[64];
    char phone[24];
    char mail[64];
};

static void field(char *out, const char *key, const char *value)
{
    if (!value[0])
        return;
    strcat(out, key);   // <- cost hot 30
    strcat(out, value); // <- cost hot 31
    strcat(out, "\r\n"); // <- cost hot 30
}

static void card(char *out, const struct contact *c)
{
    field(out, "BEGIN:", "VCARD");
    field(out, "FN:", c->name);
    field(out, "TEL:", c->phone);
    field(out, "EMAIL:", c->mail);
    field(out, "END:", "VCARD");
}

char *vcard_export(const struct contact *list, size_t n)
{
    char *out = malloc(n * 256 + 1);
    size_t i;

    if (!out)
        return NULL;
    out[0] = '\0';
    for (i = 0; i < n; i++)
        card(out, &list[i]);
    return out;
}
