"""Spell suggestions by weighted edit distance."""
from collections import defaultdict

NEAR = {"a": "qsz", "e": "wrd", "i": "uok", "o": "ipl", "s": "adwx", "t": "ryg", "n": "bm"}


def substitution(a, b):
    if a == b:
        return 0.0
    return 0.6 if b in NEAR.get(a, "") else 1.0


def distance(source, target):
    previous = [float(j) for j in range(len(target) + 1)]
    for i, a in enumerate(source, 1):
        current = [float(i)]
        for j, b in enumerate(target, 1):  # <- hot 14
            current.append(min(  # <- hot 28
                previous[j] + 1.0,
                current[j - 1] + 1.0,
                previous[j - 1] + substitution(a, b),  # <- hot 26
            ))
        previous = current
    return previous[-1]


class Speller:
    def __init__(self, words):
        self.by_shape = defaultdict(list)
        for word in words:
            self.by_shape[word[0], len(word)].append(word)

    def candidates(self, word):
        for size in range(max(1, len(word) - 2), len(word) + 3):
            yield from self.by_shape.get((word[0], size), ())

    def suggest(self, word, limit=5):
        scored = []
        for other in self.candidates(word):
            d = distance(word, other)
            if d <= 2.5:
                scored.append((d, other))
        scored.sort()
        return [w for _, w in scored[:limit]]
