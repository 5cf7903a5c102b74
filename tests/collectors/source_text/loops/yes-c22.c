#include <math.h>
#include <stdlib.h>

typedef struct { float x, y, z; } vec3;

typedef struct {
    vec3 *v;
    int n;
    int *idx;
    int tri;
} model;

void model_weld(model *out, const vec3 *soup, int count, float eps)
{
    out->v = malloc(sizeof(vec3) * count);
    out->idx = malloc(sizeof(int) * count);
    out->n = 0;
    for (int i = 0; i < count; i++) { // <- outer
        int found = -1;
        for (int j = 0; j < out->n && found < 0; j++) {
            if (fabsf(out->v[j].x - soup[i].x) < eps && fabsf(out->v[j].y - soup[i].y) < eps && fabsf(out->v[j].z - soup[i].z) < eps) // <- 0
                found = j;
        }
        if (found < 0) {
            found = out->n;
            out->v[out->n++] = soup[i];
        }
        out->idx[i] = found;
    }
    out->tri = count / 3;
}
