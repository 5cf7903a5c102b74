/* Structural scanner of the metrics gateway: counts keys, depth, strings. */
#include <stddef.h>
#include <string.h>

typedef struct {
    const char *p, *end;
    int depth, max_depth;
    size_t keys, strings, numbers;
} scan;

static int is_num(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static void skip_string(scan *s)
{
    s->p++;
    while (s->p < s->end && *s->p != '"') { // <- hot 46
        if (*s->p == '\\')
            s->p++;
        s->p++;
    }
    s->p++;
    s->strings++;
}

static void skip_space(scan *s)
{
    while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p) // <- hot 17
        s->p++;
}

int scan_document(scan *s, const char *text, size_t n)
{
    memset(s, 0, sizeof *s);
    s->p = text;
    s->end = text + n;
    while (skip_space(s), s->p < s->end) {
        switch (*s->p) { // <- hot 12
        case '{': case '[':
            if (++s->depth > s->max_depth)
                s->max_depth = s->depth;
            s->p++;
            break;
        case '}': case ']':
            if (--s->depth < 0)
                return -1;
            s->p++;
            break;
        case '"':
            skip_string(s);
            skip_space(s);
            if (s->p < s->end && *s->p == ':')
                s->keys++;
            break;
        default:
            if (is_num(*s->p))
                s->numbers++;
            while (s->p < s->end && is_num(*s->p)) // <- hot 11
                s->p++;
            if (s->p < s->end && !strchr("{}[]\"", *s->p))
                s->p++;
        }
    }
    return s->depth == 0 ? 0 : -1;
}
