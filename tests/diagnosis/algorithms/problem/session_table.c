#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct listNode {
    struct listNode *prev, *next;
    void *value;
} listNode;

typedef struct list {
    listNode *head, *tail;
    unsigned long len;
} list;

typedef struct session {
    int fd;
    time_t lastinteraction;
    size_t querybuf_peak;
    char *querybuf;
} session;

static struct {
    list sessions;
    int maxidle;
    unsigned long closed;
} server;

static void listAddNodeTail(list *l, void *value) {
    listNode *node = malloc(sizeof(*node));
    node->value = value;
    node->next = NULL;
    node->prev = l->tail;
    if (l->tail) l->tail->next = node; else l->head = node;
    l->tail = node;
    l->len++;
}

static void listDelNode(list *l, listNode *node) {
    if (node->prev) node->prev->next = node->next; else l->head = node->next;
    if (node->next) node->next->prev = node->prev; else l->tail = node->prev;
    free(node);
    l->len--;
}

static listNode *listSearchKey(list *l, void *key) {
    for (listNode *n = l->head; n != NULL; n = n->next) { // <- cost hot 61
        if (n->value == key) return n; // <- hot 27
    }
    return NULL;
}

session *createSession(int fd) {
    session *c = calloc(1, sizeof(*c));
    c->fd = fd;
    c->lastinteraction = time(NULL);
    listAddNodeTail(&server.sessions, c);
    return c;
}

void freeSession(session *c) {
    free(c->querybuf);
    listNode *ln = listSearchKey(&server.sessions, c); // <- cost
    if (ln) listDelNode(&server.sessions, ln);
    server.closed++;
    free(c);
}

/* Called by the event loop with the connections that hung up in this cycle. */
void processHangups(session **gone, int n) {
    for (int j = 0; j < n; j++)
        freeSession(gone[j]);
}

void resizeBuffers(session *c) {
    if (c->querybuf && c->querybuf_peak > 65536) {
        free(c->querybuf);
        c->querybuf = NULL;
        c->querybuf_peak = 0;
    }
}
