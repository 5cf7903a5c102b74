"""Canonical Huffman coder of the firmware updater."""
import heapq
from collections import Counter
from itertools import count


def code_lengths(data):
    serial = count()
    heap = [(n, next(serial), [sym]) for sym, n in Counter(data).items()]
    heapq.heapify(heap)
    lengths = dict.fromkeys((group[0] for _, _, group in heap), 0)
    if len(heap) == 1:
        return {heap[0][2][0]: 1}
    while len(heap) > 1:
        n1, _, g1 = heapq.heappop(heap)
        n2, _, g2 = heapq.heappop(heap)
        merged = g1 + g2
        for sym in merged:
            lengths[sym] += 1
        heapq.heappush(heap, (n1 + n2, next(serial), merged))
    return lengths


def canonical(lengths):
    codes = {}
    code = last = 0
    for length, sym in sorted((n, s) for s, n in lengths.items()):
        code <<= length - last
        codes[sym] = (code, length)
        code += 1
        last = length
    return codes


def encode(data):
    lengths = code_lengths(data)
    codes = canonical(lengths)
    out = bytearray()
    acc = bits = 0
    for byte in data:
        code, length = codes[byte]  # <- hot 19
        acc = acc << length | code  # <- hot 21
        bits += length
        while bits >= 8:  # <- hot 17
            bits -= 8
            out.append(acc >> bits)  # <- hot 16
            acc &= (1 << bits) - 1
    if bits:
        out.append(acc << (8 - bits))
    return lengths, bytes(out)
