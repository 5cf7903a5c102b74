#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct contact {
    char name[64];
    char phone[24];
    char mail[64];
};

static char *put(char *at, const char *s)
{
    size_t n = strlen(s);   // <- hot 34
    memcpy(at, s, n + 1);   // <- hot 38
    return at + n;
}

static char *field(char *at, const char *key, const char *value)
{
    if (!value[0])
        return at;
    return put(put(put(at, key), value), "\r\n");
}

static char *card(char *at, const struct contact *c)
{
    at = field(at, "BEGIN:", "VCARD");
    at = field(at, "FN:", c->name);
    at = field(at, "TEL:", c->phone);
    at = field(at, "EMAIL:", c->mail);
    return field(at, "END:", "VCARD");
}

char *vcard_export(const struct contact *list, size_t n)
{
    char *out = malloc(n * 256 + 1);
    char *at = out;
    size_t i;

    if (!out)
        return NULL;
    out[0] = '\0';
    for (i = 0; i < n; i++)
        at = card(at, &list[i]);
    return out;
}
