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
    listNode *session_node;
} session;

static struct {
    list sessions;
    int maxidle;
    unsigned long closed;
} server;

static listNode *listAddNodeTail(list *l, void *value) {
    listNode *node = malloc(sizeof(*node)); // <- hot 14
    node->value = value;
    node->next = NULL;
    node->prev = l->tail;
    if (l->tail) l->tail->next = node; else l->head = node;
    l->tail = node;
    l->len++;
    return node;
}

static void listDelNode(list *l, listNode *node) {
    if (node->prev) node->prev->next = node->next; else l->head = node->next; // <- hot 17
    if (node->next) node->next->prev = node->prev; else l->tail = node->prev;
    free(node);
    l->len--;
}

session *createSession(int fd) {
    session *c = calloc(1, sizeof(*c)); // <- hot 20
    c->fd = fd;
    c->lastinteraction = time(NULL);
    c->session_node = listAddNodeTail(&server.sessions, c);
    return c;
}

void freeSession(session *c) {
    free(c->querybuf); // <- hot 24
    if (c->session_node) {
        listDelNode(&server.sessions, c->session_node);
        c->session_node = NULL;
    }
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
