"""Small LZ77 packer used for firmware images."""
import struct

MIN_MATCH = 4
MAX_MATCH = 258
WINDOW = 1 << 15
CHAIN = 32


def match_length(data, a, b, limit):
    n = 0
    while n < limit and data[a + n] == data[b + n]:  # <- hot 38
        n += 1  # <- hot 18
    return n


def best_match(data, pos, chain):
    limit = min(MAX_MATCH, len(data) - pos)
    best_len, best_at = 0, -1
    for at in reversed(chain[-CHAIN:]):  # <- hot 10
        if pos - at > WINDOW:
            break
        n = match_length(data, at, pos, limit)
        if n > best_len:
            best_len, best_at = n, at
            if n == limit:
                break
    return best_len, best_at


def pack(data):
    out = bytearray()
    chains = {}
    pos = 0
    end = len(data)
    while pos < end:
        key = data[pos:pos + MIN_MATCH]  # <- hot 8
        chain = chains.setdefault(key, [])
        length, at = best_match(data, pos, chain) if chain else (0, -1)
        if length >= MIN_MATCH:
            out += struct.pack("<BHB", 1, pos - at, length - MIN_MATCH)
            for i in range(pos, pos + length):
                chains.setdefault(data[i:i + MIN_MATCH], []).append(i)
            pos += length
        else:
            out += b"\x00" + data[pos:pos + 1]
            chain.append(pos)
            pos += 1
    return bytes(out)
