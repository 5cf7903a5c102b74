#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct script {
    char sha[41];
    char *body;
    size_t len;
    struct script *next;
};

struct client {
    int fd;
    char *reply;
    size_t reply_len;
    char **argv;
    int argc;
};

static struct {
    struct script *scripts[BUCKETS]; // <- cost
    size_t script_mem;
    unsigned long long hits, misses;
    char last_error[256];
} server;

static void digest(char out[41], const char *s, size_t len)
{
    uint64_t h[3] = {14695981039346656037ull, 1099511628211ull, 88172645463325252ull};
    for (size_t i = 0; i < len; i++)
        h[i % 3] = (h[i % 3] ^ (unsigned char)s[i]) * 1099511628211ull + h[(i + 1) % 3];
    snprintf(out, 41, "%016llx%016llx%08x", (unsigned long long)h[0], (unsigned long long)h[1], (unsigned)h[2]);
}

static struct script **script_bucket(const char *sha)
{
    return &server.scripts[strtoul((char[]){sha[0], sha[1], sha[2], 0}, NULL, 16) % BUCKETS];
}

static struct script *script_find(const char *sha)
{
    for (struct script *s = *script_bucket(sha); s; s = s->next)
        if (!strcmp(s->sha, sha))
            return s;
    return NULL;
}

static struct script *script_create(const char *sha, const char *body, size_t len)
{
    struct script *s = calloc(1, sizeof *s); // <- made 25
    struct script **at = script_bucket(sha);
    memcpy(s->sha, sha, 41);
    s->body = malloc(len + 1); // <- made 75
    memcpy(s->body, body, len);
    s->body[len] = 0;
    s->len = len;
    s->next = *at;
    *at = s; // <- cost
    server.script_mem += len + sizeof *s;
    return s;
}

void scripts_flush(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct script *s = server.scripts[i];
        while (s) {
            struct script *next = s->next;
            free(s->body);
            free(s);
            s = next;
        }
        server.scripts[i] = NULL;
    }
    server.script_mem = 0;
}

static void reply(struct client *c, const char *text)
{
    size_t n = strlen(text);
    char *grown = realloc(c->reply, c->reply_len + n + 1);
    if (!grown)
        return;
    memcpy(grown + c->reply_len, text, n + 1);
    c->reply = grown;
    c->reply_len += n;
}

void eval_command(struct client *c, int (*run)(const char *body, int argc, char **argv, char **out))
{
    char sha[41], *out = NULL;
    digest(sha, c->argv[1], strlen(c->argv[1]));
    struct script *s = script_find(sha);
    if (s)
        server.hits++;
    else
        server.misses++;
    if (!s)
        s = script_create(sha, c->argv[1], strlen(c->argv[1])); // <- cost
    if (run(s->body, c->argc - 2, c->argv + 2, &out) != 0)
        snprintf(server.last_error, sizeof server.last_error, "f_%s: %s", sha, out ? out : "error");
    reply(c, out ? out : "$-1\r\n");
    free(out);
}
