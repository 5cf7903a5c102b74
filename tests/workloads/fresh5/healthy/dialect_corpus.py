# expect: healthy bench
"""Counts the words and pairs of words of a corpus of letters, dialect by dialect, for a dictionary: a batch job that does
much of one thing, with patterns that are compiled once and counters that are pruned.
"""

import collections
import heapq
import itertools
import logging
import math
import os
import random
import time
from pathlib import Path

import regex

DIALECTS = ("north", "coast", "valley", "island", "hills")
LETTERS, KEPT, LARGEST = 400, 4000, 20000
WORD = regex.compile(r"\p{L}+(?:['’]\p{L}+)?")
logging.basicConfig(filename="corpus.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Archive:
    """Letters that people wrote; common words are common."""

    SYLLABLES = ("ka", "lo", "mé", "tu", "ri", "sø", "na", "ve", "chi", "dor", "pæ", "un")

    def __init__(self, dialect):
        self._random = random.Random(dialect)
        chance = self._random
        self._words = ["".join(chance.choices(self.SYLLABLES, k=chance.randrange(1, 5))) for _ in range(3000)]
        self._weights = list(itertools.accumulate(1 / rank for rank in range(1, 3001)))

    def letter(self):
        words = self._random.choices(self._words, cum_weights=self._weights, k=250)
        words[0] = words[0].capitalize()
        for at in range(7, len(words), 11):
            words[at] += self._random.choice((",", ".", " —", "!"))
        return " ".join(words)


class Dialect:
    def __init__(self, name):
        self.name = name
        self.archive = Archive(name)
        self.words, self.pairs = collections.Counter(), collections.Counter()

    def read(self, letter):
        words = [word.casefold() for word in WORD.findall(letter)]
        self.words.update(words)
        self.pairs.update(itertools.pairwise(words))
        if len(self.pairs) > LARGEST:
            self.prune()
        return len(words)

    def prune(self):
        """Pairs that are rare say nothing; numbers that are old count less."""
        self.pairs = collections.Counter({pair: (n + 1) // 2 for pair, n in self.pairs.most_common(KEPT)})

    def phrases(self, number=40):
        """Pairs that stand together more often than by chance."""
        total = self.words.total()
        scores = (
            (n * math.log(n * total / (self.words[a] * self.words[b])), a, b)
            for (a, b), n in self.pairs.items()
            if n >= 5
        )
        return heapq.nlargest(number, scores)


def write(path, dialects):
    with path.open("w", encoding="utf-8") as out:
        for dialect in dialects:
            for score, a, b in dialect.phrases():
                out.write(f"{dialect.name}\t{a} {b}\t{score:.1f}\n")


def main():
    dialects = [Dialect(name) for name in DIALECTS]
    print("ready", os.getpid(), flush=True)
    began = told = time.monotonic()
    words = 0
    for number in itertools.count(1):
        dialect = dialects[number % len(dialects)]
        words += dialect.read(dialect.archive.letter())
        if number % (5 * LETTERS) == 0:
            write(Path("phrases.tsv"), dialects)
        if (now := time.monotonic()) - told > 1:
            told = now
            logging.info("%d letters, %.0f words a second", number, words / (now - began))


main()
