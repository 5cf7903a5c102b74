#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERR_SLOTS 16
#define TABLE 257

struct err_state {
    pthread_t tid;
    int top, bottom;
    unsigned long code[ERR_SLOTS];
    char *text[ERR_SLOTS];
    struct err_state *next;
};

struct session {
    int fd;
    char *peer;
    unsigned char *plain;
    size_t len;
};

static struct err_state *states[TABLE]; // <- cost
static pthread_mutex_t states_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t slot_of(pthread_t tid)
{
    return ((uintptr_t)tid >> 12) % TABLE;
}

static struct err_state *err_get_state(void)
{
    pthread_t me = pthread_self();
    struct err_state *es;

    pthread_mutex_lock(&states_lock);
    for (es = states[slot_of(me)]; es; es = es->next)
        if (pthread_equal(es->tid, me))
            break;
    if (!es && (es = calloc(1, sizeof *es))) { // <- made 85
        es->tid = me;
        es->next = states[slot_of(me)];
        states[slot_of(me)] = es; // <- cost
    }
    pthread_mutex_unlock(&states_lock);
    return es;
}

void err_put(unsigned long code, const char *fmt, ...)
{
    struct err_state *es = err_get_state();
    char buf[256];
    va_list ap;

    if (!es)
        return;
    va_start(ap, fmt);
    vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    es->top = (es->top + 1) % ERR_SLOTS;
    if (es->top == es->bottom)
        es->bottom = (es->bottom + 1) % ERR_SLOTS;
    free(es->text[es->top]);
    es->text[es->top] = strdup(buf); // <- made 15
    es->code[es->top] = code;
}

unsigned long err_pop(void)
{
    struct err_state *es = err_get_state();

    if (!es || es->top == es->bottom)
        return 0;
    es->bottom = (es->bottom + 1) % ERR_SLOTS;
    return es->code[es->bottom];
}

static void *serve(void *arg)
{
    struct session *s = arg;
    unsigned char *scratch = malloc(16384);

    if (!scratch || s->fd < 0)
        err_put(0x1407609CUL, "%s: handshake failed", s->peer);
    else if (s->len > 16384)
        err_put(0x1408F119UL, "%s: record of %zu bytes too long", s->peer, s->len);
    else
        memcpy(scratch, s->plain, s->len);
    free(scratch);
    free(s->plain);
    free(s->peer);
    free(s);
    return NULL; // <- cost
}

int start_session(struct session *s)
{
    pthread_t tid;
    int rc = pthread_create(&tid, NULL, serve, s);

    return rc ? rc : pthread_detach(tid);
}
