"""Decoder of the telemetry archive format (canonical Huffman, MSB first)."""
import struct

LOOKUP_BITS = 12


def canonical_codes(lengths):
    code = 0
    table = {}
    order = sorted((n, s) for s, n in enumerate(lengths) if n)
    last = order[0][0] if order else 0
    for n, symbol in order:
        code <<= n - last
        last = n
        table[symbol] = (code, n)
        code += 1
    return table


def build_lookup(lengths):
    lookup = [None] * (1 << LOOKUP_BITS)
    for symbol, (code, n) in canonical_codes(lengths).items():
        first = code << (LOOKUP_BITS - n)
        for i in range(first, first + (1 << (LOOKUP_BITS - n))):
            lookup[i] = (symbol, n)
    return lookup


def decode(data, lengths, count):
    lookup = build_lookup(lengths)
    out = bytearray()
    acc = bits = pos = 0
    mask = (1 << LOOKUP_BITS) - 1
    while len(out) < count:
        while bits < LOOKUP_BITS:  # <- hot 14
            acc = (acc << 8) | (data[pos] if pos < len(data) else 0)  # <- hot 24
            pos += 1
            bits += 8
        symbol, n = lookup[(acc >> (bits - LOOKUP_BITS)) & mask]  # <- hot 27
        bits -= n
        acc &= (1 << bits) - 1  # <- hot 16
        out.append(symbol)
    return bytes(out)


def read_block(fh):
    size, = struct.unpack("<I", fh.read(4))
    count, = struct.unpack("<I", fh.read(4))
    lengths = fh.read(256)
    return decode(fh.read(size), lengths, count)
