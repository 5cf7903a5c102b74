#include <stdint.h>
#include <stdio.h>

static uint32_t crc_byte(uint32_t c, uint8_t b)
{
    c ^= b;
    int k = 8;
    do
        c = c & 1 ? (c >> 1) ^ 0xEDB88320u : c >> 1; // <- 0
    while (--k);
    return c;
}

static uint32_t crc_buf(uint32_t c, const uint8_t *p, size_t n)
{
    while (n--)
        c = crc_byte(c, *p++); // <- 1
    return c;
}

uint32_t crc_file(FILE *f)
{
    uint8_t buf[8192];
    uint32_t c = ~0u;
    size_t got;
    while ((got = fread(buf, 1, sizeof buf, f)) > 0)
        c = crc_buf(c, buf, got); // <- 2
    return ~c;
}
