#include <stdint.h>
#include <stddef.h>

static const struct { uint8_t op; uint8_t len; const char *name; } ops[] = {
    { 0x00, 1, "nop" }, { 0x01, 3, "ld" }, { 0x02, 3, "st" },
    { 0x10, 2, "add" }, { 0x11, 2, "sub" }, { 0xff, 1, "halt" },
};

static int op_index(uint8_t b)
{
    int i = 0, n = sizeof ops / sizeof ops[0];
    while (i < n && ops[i].op != b)
        i++; // <- 0
    return i < n ? i : -1;
}

size_t disasm(const uint8_t *p, size_t len, const char **out)
{
    size_t n = 0, at = 0;
    while (at < len) {
        int k = op_index(p[at]); // <- 1
        out[n++] = k < 0 ? "?" : ops[k].name;
        at += k < 0 ? 1 : ops[k].len;
    }
    return n;
}
