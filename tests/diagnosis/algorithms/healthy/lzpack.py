"""LZ-style packer for save games, with bounded hash chains."""

WINDOW = 1 << 15
MIN_MATCH = 4
MAX_MATCH = 255
MAX_CHAIN = 16


def match_length(data, a, b, limit):
    n = 0
    while n < limit and data[a + n] == data[b + n]:  # <- hot 41
        n += 1  # <- hot 16
    return n


def tokens(data):
    heads = {}
    pos = 0
    size = len(data)
    while pos < size:
        best, where = 0, 0
        limit = min(MAX_MATCH, size - pos)
        if limit >= MIN_MATCH:
            key = data[pos:pos + MIN_MATCH]  # <- hot 9
            chain = heads.setdefault(key, [])
            for cand in chain[-MAX_CHAIN:]:  # <- hot 13
                if pos - cand > WINDOW:
                    continue
                n = match_length(data, cand, pos, limit)
                if n > best:
                    best, where = n, pos - cand
            chain.append(pos)
        if best >= MIN_MATCH:
            yield where, best
            pos += best
        else:
            yield 0, data[pos]
            pos += 1


def pack(data):
    out = bytearray()
    for where, value in tokens(data):
        if where:
            out += bytes((1, where >> 8, where & 255, value))
        else:
            out += bytes((0, value))
    return bytes(out)


def unpack(blob):
    out = bytearray()
    i = 0
    while i < len(blob):
        if blob[i]:
            back = blob[i + 1] << 8 | blob[i + 2]
            for _ in range(blob[i + 3]):
                out.append(out[-back])
            i += 4
        else:
            out.append(blob[i + 1])
            i += 2
    return bytes(out)
