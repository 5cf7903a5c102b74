/* Loader for ASCII .xyz point clouds kept in a memory buffer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { float x, y, z; } vec3;

typedef struct {
    vec3 *pts;
    size_t n, cap;
    vec3 lo, hi;
} cloud;

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fseek(f, 0, SEEK_END);
    long len = ftell(f);
    rewind(f);
    char *buf = malloc((size_t)len + 1);
    if (buf) {
        size_t got = fread(buf, 1, (size_t)len, f);
        buf[got] = '\0';
    }
    fclose(f);
    return buf;
}

static void cloud_push(cloud *c, vec3 v)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 1024;
        c->pts = realloc(c->pts, c->cap * sizeof(vec3));
    }
    c->pts[c->n++] = v;
    if (v.z < c->lo.z) c->lo.z = v.z;
    if (v.z > c->hi.z) c->hi.z = v.z;
}

static const char *read_point(const char *p, vec3 *v)
{
    float *dst[3] = { &v->x, &v->y, &v->z };
    for (int k = 0; k < 3; k++) {
        char *end;
        *dst[k] = strtof(p, &end); // <- hot 90
        if (end == p)
            return NULL;
        p = end;
    }
    return p;
}

int cloud_load(cloud *c, const char *path)
{
    char *buf = slurp(path);
    if (!buf)
        return -1;
    vec3 v;
    const char *p = buf;
    while ((p = read_point(p, &v)) != NULL)
        cloud_push(c, v);
    free(buf);
    return 0;
}
