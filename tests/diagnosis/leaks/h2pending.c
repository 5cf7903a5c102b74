#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_HEADERS = 1, FRAME_PING = 6, FRAME_GOAWAY = 7 };
enum { ERR_REFUSED_STREAM = 7 };

struct nv {
    char *name;
    char *value;
};

struct frame {
    int type;
    uint32_t stream_id;
    struct nv *nva;
    size_t nvlen;
    void *user_data;
    struct frame *next;
};

struct queue {
    struct frame *head, *tail;
    size_t n;
};

struct session {
    struct queue requests;
    struct queue control;
    int (*close_cb)(struct session *, uint32_t stream_id, int error, void *data);
    uint32_t next_stream_id;
    uint32_t goaway_last_id;
    int goaway_recv;
    void **streams;
    size_t nstreams;
};

static void queue_push(struct queue *q, struct frame *f)
{
    f->next = NULL;
    if (q->tail)
        q->tail->next = f;
    else
        q->head = f;
    q->tail = f;
    q->n++;
}

static struct frame *queue_pop(struct queue *q)
{
    struct frame *f = q->head;
    if (f) {
        q->head = f->next;
        if (!q->head)
            q->tail = NULL;
        q->n--;
    }
    return f;
}

static struct nv *nv_copy(const struct nv *src, size_t n)
{
    struct nv *nva = calloc(n ? n : 1, sizeof *nva); // <- made 15
    for (size_t i = 0; nva && i < n; i++) {
        nva[i].name = strdup(src[i].name);   // <- made 35
        nva[i].value = strdup(src[i].value); // <- made 35
    }
    return nva;
}

static void frame_free(struct frame *f)
{
    for (size_t i = 0; i < f->nvlen; i++) {
        free(f->nva[i].name);
        free(f->nva[i].value);
    }
    free(f->nva);
    free(f);
}

uint32_t session_submit_request(struct session *s, const struct nv *nva, size_t n, void *data)
{
    struct frame *f = calloc(1, sizeof *f);
    if (!f)
        return 0;
    f->type = FRAME_HEADERS;
    f->stream_id = s->next_stream_id;
    s->next_stream_id += 2;
    f->nva = nv_copy(nva, n);
    f->nvlen = n;
    f->user_data = data;
    queue_push(&s->requests, f);
    return f->stream_id;
}

int session_send(struct session *s, int (*write)(const struct frame *))
{
    struct frame *f;
    while ((f = queue_pop(&s->control)) || (f = queue_pop(&s->requests))) { // <- cost
        if (f->type == FRAME_HEADERS && s->goaway_recv && f->stream_id > s->goaway_last_id) {
            if (s->close_cb && s->close_cb(s, f->stream_id, ERR_REFUSED_STREAM, f->user_data) == 0)
                continue; // <- cost
        } else if (write(f) != 0) {
            frame_free(f);
            return -1;
        }
        frame_free(f);
    }
    return 0;
}
