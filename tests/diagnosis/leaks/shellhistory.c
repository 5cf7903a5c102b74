#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_ARGS 32
#define MAX_ALIASES 64

struct result {
    char *text;
    size_t len;
    int status;
};

struct past {
    char *line;
    struct result res;
    time_t when;
    struct past *prev;
};

struct shell {
    struct past *last; // <- cost
    unsigned total;
    char *alias_name[MAX_ALIASES];
    char *alias_text[MAX_ALIASES];
    int aliases;
};

static int split(char *line, char **argv)
{
    int n = 0;
    for (char *t = strtok(line, " \t"); t && n < MAX_ARGS - 1; t = strtok(NULL, " \t"))
        argv[n++] = t;
    argv[n] = NULL;
    return n;
}

static struct result capture(const char *cmd)
{
    struct result r = { NULL, 0, -1 };
    FILE *p = popen(cmd, "r");
    if (!p)
        return r;
    char buf[4096];
    size_t n;
    while ((n = fread(buf, 1, sizeof buf, p)) > 0) {
        r.text = realloc(r.text, r.len + n + 1); // <- made 90
        memcpy(r.text + r.len, buf, n);
        r.len += n;
        r.text[r.len] = 0;
    }
    r.status = pclose(p);
    return r;
}

static void remember(struct shell *sh, const char *line, struct result res)
{
    struct past *p = malloc(sizeof *p); // <- made 6
    p->line = strdup(line); // <- made 4
    p->res = res;
    p->when = time(NULL);
    p->prev = sh->last;
    sh->last = p; // <- cost
    sh->total++;
}

static int define_alias(struct shell *sh, const char *name, const char *text)
{
    for (int i = 0; i < sh->aliases; i++) {
        if (strcmp(sh->alias_name[i], name) == 0) {
            free(sh->alias_text[i]);
            sh->alias_text[i] = strdup(text);
            return 0;
        }
    }
    if (sh->aliases == MAX_ALIASES)
        return -1;
    sh->alias_name[sh->aliases] = strdup(name);
    sh->alias_text[sh->aliases++] = strdup(text);
    return 0;
}

int shell_eval(struct shell *sh, const char *line, FILE *out)
{
    char *copy = strdup(line), *argv[MAX_ARGS];
    int argc = split(copy, argv), rc = 0;
    if (argc >= 3 && strcmp(argv[0], "alias") == 0) {
        rc = define_alias(sh, argv[1], argv[2]);
    } else if (argc && strcmp(argv[0], "again") == 0) {
        if (sh->last && sh->last->res.text)
            fputs(sh->last->res.text, out);
    } else if (argc) {
        struct result r = capture(line);
        if (r.text)
            fputs(r.text, out);
        rc = r.status;
        remember(sh, line, r);
    }
    free(copy);
    return rc;
}
