"""Decoding of compressed header blocks: prefix codes through a table of states."""
from collections import deque

ACCEPT, EMIT, FAIL = 1, 2, 4


class CodeTable:
    """For every state and each half byte: the next state, flags, and a symbol."""

    def __init__(self, codes, lengths):
        self.children = [[None, None]]
        for symbol, (code, length) in enumerate(zip(codes, lengths)):
            self._insert(symbol, code, length)
        self.rows = [self._row(n) for n in range(len(self.children))]

    def _insert(self, symbol, code, length):
        node = 0
        for shift in range(length - 1, 0, -1):
            bit = code >> shift & 1
            if self.children[node][bit] is None:
                self.children.append([None, None])
                self.children[node][bit] = len(self.children) - 1
            node = self.children[node][bit]
        self.children[node][code & 1] = ~symbol

    def _row(self, start):
        row = []
        for nibble in range(16):
            node, flags, symbol = start, 0, 0
            for shift in (3, 2, 1, 0):
                step = self.children[node][nibble >> shift & 1]
                if step is None:
                    flags |= FAIL
                    break
                if step < 0:
                    flags, symbol, node = flags | EMIT, ~step, 0
                else:
                    node = step
            row.append((node, flags | (ACCEPT if node == 0 else 0), symbol))
        return row

    def decode(self, data):
        state, flags, out = 0, ACCEPT, bytearray()
        rows = self.rows
        for byte in data:
            state, flags, symbol = rows[state][byte >> 4]  # <- hot 29
            if flags & EMIT:
                out.append(symbol)  # <- hot 13
            state, flags, symbol = rows[state][byte & 15]  # <- hot 28
            if flags & EMIT:
                out.append(symbol)  # <- hot 12
            if flags & FAIL:
                raise ValueError("invalid code in header block")
        if not flags & ACCEPT:
            raise ValueError("header block ends within a code")
        return bytes(out)


class HeaderTable:
    """Recently seen fields, newest first, within a budget of bytes."""

    overhead = 32

    def __init__(self, max_size=4096):
        self.max_size = max_size
        self.size = 0
        self.entries = deque()

    def add(self, name, value):
        self.entries.appendleft((name, value))
        self.size += len(name) + len(value) + self.overhead
        while self.size > self.max_size and self.entries:
            old_name, old_value = self.entries.pop()
            self.size -= len(old_name) + len(old_value) + self.overhead
