"""Spelling suggestions for the search box."""
from collections import defaultdict


def distance(a, b, cutoff):
    if abs(len(a) - len(b)) > cutoff:
        return cutoff + 1
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        row = [i]
        for j, cb in enumerate(b, 1):  # <- hot 23
            cost = prev[j - 1] + (ca != cb)  # <- hot 24
            row.append(min(cost, prev[j] + 1, row[j - 1] + 1))  # <- hot 42
        if min(row) > cutoff:
            return cutoff + 1
        prev = row
    return prev[-1]


class Speller:
    def __init__(self, words):
        self.by_gram = defaultdict(set)
        for word in words:
            for gram in self.grams(word):
                self.by_gram[gram].add(word)

    @staticmethod
    def grams(word):
        padded = f"^{word}$"
        return {padded[i:i + 3] for i in range(len(padded) - 2)}

    def suggest(self, word, limit=5):
        votes = defaultdict(int)
        for gram in self.grams(word):
            for cand in self.by_gram.get(gram, ()):
                votes[cand] += 1
        close = sorted(votes, key=votes.get, reverse=True)[:200]
        scored = [(distance(word, c, 3), c) for c in close]
        return [c for d, c in sorted(scored)[:limit] if d <= 3]
