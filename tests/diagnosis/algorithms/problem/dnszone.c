/* Renders a zone as master-file text for transfer to secondaries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rrtype { RR_A, RR_MX, RR_TXT };

struct rr {
    char name[64];
    enum rrtype type;
    unsigned ttl;
    char data[192];
};

struct zone {
    const char *origin;
    struct rr *rrs;
    size_t nrr;
};

static const char *type_name(enum rrtype t)
{
    switch (t) {
    case RR_A:  return "A";
    case RR_MX: return "MX";
    default:    return "TXT";
    }
}

#define LINE_MAX_LEN 320

char *zone_render(const struct zone *z)
{
    char line[LINE_MAX_LEN];
    char *out = malloc(z->nrr * LINE_MAX_LEN + 256);
    if (!out)
        return NULL;
    out[0] = '\0';
    sprintf(out, "$ORIGIN %s\n", z->origin);
    for (size_t i = 0; i < z->nrr; i++) {
        const struct rr *r = &z->rrs[i];
        snprintf(line, sizeof line, "%-24s %u IN %s ", r->name, r->ttl,
                 type_name(r->type));
        strcat(out, line); // <- cost hot 47
        if (r->type == RR_TXT)
            strcat(out, "\"");
        strcat(out, r->data); // <- cost hot 45
        if (r->type == RR_TXT)
            strcat(out, "\"");
        strcat(out, "\n");
    }
    return out;
}

int zone_write(const struct zone *z, FILE *fp)
{
    char *text = zone_render(z);
    if (!text)
        return -1;
    int rc = fputs(text, fp);
    free(text);
    return rc < 0 ? -1 : 0;
}
