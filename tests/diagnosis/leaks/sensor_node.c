#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY 64
#define MAX_NODES 128

struct node {
    int id;
    char *name;
    char *status; // <- cost
    double ring[HISTORY];
    unsigned n;
    unsigned faults;
};

struct network {
    struct node *nodes[MAX_NODES];
    int count;
    char line[512];
};

static char *describe(const char *fmt, ...)
{
    va_list ap;
    char tmp[256];
    va_start(ap, fmt);
    int n = vsnprintf(tmp, sizeof tmp, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    return strdup(tmp); // <- made 100
}

struct node *network_add(struct network *net, int id, const char *name)
{
    if (net->count == MAX_NODES)
        return NULL;
    struct node *nd = calloc(1, sizeof *nd);
    if (nd == NULL)
        return NULL;
    nd->id = id;
    nd->name = strdup(name);
    net->nodes[net->count++] = nd;
    return nd;
}

static double mean(const struct node *nd)
{
    unsigned k = nd->n < HISTORY ? nd->n : HISTORY;
    double sum = 0;
    for (unsigned i = 0; i < k; i++)
        sum += nd->ring[i];
    return k ? sum / k : 0;
}

void node_reading(struct node *nd, double value)
{
    nd->ring[nd->n++ % HISTORY] = value;
    double m = mean(nd);
    if (fabs(value - m) > 3.0) {
        nd->faults++;
        nd->status = describe("%s: reading %.3f is far from %.3f (fault %u)", nd->name, value, m, nd->faults); // <- cost
    }
}

void node_rename(struct node *nd, const char *name)
{
    char *copy = strdup(name);
    if (copy == NULL)
        return;
    free(nd->name);
    nd->name = copy;
}

const char *network_report(struct network *net)
{
    size_t used = 0;
    net->line[0] = '\0';
    for (int i = 0; i < net->count && used < sizeof net->line; i++) {
        struct node *nd = net->nodes[i];
        used += (size_t)snprintf(net->line + used, sizeof net->line - used, "[%d %s]", nd->id,
                                 nd->status ? nd->status : "ok");
    }
    return net->line;
}

void network_clear(struct network *net)
{
    for (int i = 0; i < net->count; i++) {
        free(net->nodes[i]->name);
        free(net->nodes[i]->status);
        free(net->nodes[i]);
    }
    net->count = 0;
}
