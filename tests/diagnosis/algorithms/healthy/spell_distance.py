"""Suggests corrections for misspelt product names."""
import heapq


def osa_distance(a, b, limit):
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before = []
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        row = [i]
        for j, cb in enumerate(b, 1):  # <- hot 12
            cost = ca != cb
            best = min(prev[j] + 1, row[j - 1] + 1, prev[j - 1] + cost)  # <- hot 44
            if i > 1 and j > 1 and ca == b[j - 2] and a[i - 2] == cb:  # <- hot 23
                best = min(best, before[j - 2] + 1)
            row.append(best)  # <- hot 9
        if min(row) > limit:
            return limit + 1
        before, prev = prev, row
    return prev[-1]


class Speller:
    def __init__(self, names, limit=2):
        self.limit = limit
        self.buckets = {}
        for name in names:
            self.buckets.setdefault((name[0], len(name)), []).append(name)

    def candidates(self, word):
        for size in range(len(word) - self.limit, len(word) + self.limit + 1):
            yield from self.buckets.get((word[0], size), ())

    def suggest(self, word, count=5):
        scored = ((osa_distance(word, c, self.limit), c) for c in self.candidates(word))
        return heapq.nsmallest(count, (s for s in scored if s[0] <= self.limit))
