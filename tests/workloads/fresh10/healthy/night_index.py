# expect: healthy bench
"""The catalogue of a public library: what the cataloguers have changed comes in all the time; each record is taken apart,
its headings are put into the index, and the journal of changes is brought to the disc, several seconds' worth at a time.
Readers' searches are answered from the index meanwhile.
"""

import os
import queue
import random
import re
import threading
import time
import unicodedata
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

FIELD, SUBFIELD, END = "\x1e", "\x1f", "\x1d"
WORD = re.compile(r"\w+")
STOP = frozenset("a an and by for in of on the to with".split())
TITLES = 5000
SYNC = 1.5  # seconds of changes that may be lost with the power

NOUNS = "river garden history winter letters music bridge stone house island painter railway night orchard café".split()
PLACES = "Leeds Cornwall Málaga Orkney Bergen Vienna Kyoto Lisbon Åbo Zürich".split()
SURNAMES = "Ashworth Brontë Calder Dvořák Ellery Fuchs Gaskell Hardy Ibsen Jansson Kemp Lindqvist".split()


@dataclass
class Record:
    number: int
    fields: dict = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def parse(cls, text):
        """Number first, then tag and subfields of each field."""
        number, *fields = text.rstrip(END).split(FIELD)
        record = cls(int(number))
        for each in fields:
            tag, *parts = each.split(SUBFIELD)
            record.fields[tag].append({part[0]: part[1:] for part in parts})
        return record

    def headings(self):
        for tag in ("100", "245", "651"):
            for parts in self.fields[tag]:
                yield from parts.values()


class Folding:
    """Words without accents and capitals; those that came last are kept."""

    def __init__(self, most=20000):
        self._kept = OrderedDict()
        self._most = most

    def fold(self, word):
        folded = self._kept.get(word)
        if folded is None:
            plain = unicodedata.normalize("NFKD", word.casefold())
            folded = "".join(letter for letter in plain if not unicodedata.combining(letter))
            self._kept[word] = folded
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return folded

    def words(self, text):
        return {folded for word in WORD.findall(text) if (folded := self.fold(word)) not in STOP}


class Index:
    def __init__(self):
        self._folding = Folding()
        self._postings = defaultdict(set)
        self._words = {}

    def put(self, record):
        """A record that is known already is taken out of the words that it lost."""
        words = set().union(*map(self._folding.words, record.headings()))
        before = self._words.get(record.number, frozenset())
        for word in before - words:
            self._postings[word].discard(record.number)
        for word in words - before:
            self._postings[word].add(record.number)
        self._words[record.number] = words

    def find(self, typed):
        lists = sorted((self._postings.get(word, set()) for word in self._folding.words(typed)), key=len)
        return set.intersection(*lists) if lists else set()


class Journal:
    """Changes, one a line; a thread of its own brings them to the disc."""

    def __init__(self, path):
        self._file = path.open("wb", buffering=1 << 16)
        self._lines = queue.SimpleQueue()
        threading.Thread(target=self._keep, daemon=True).start()

    def add(self, lines):
        self._lines.put(lines)

    def _keep(self):
        synced = time.monotonic()
        while True:
            self._file.writelines(self._lines.get())
            if time.monotonic() - synced > SYNC:
                self._file.flush()
                os.fsync(self._file.fileno())
                if self._file.tell() > 8 << 20:  # the evening's copy has them by now
                    self._file.seek(0)
                    self._file.truncate()
                synced = time.monotonic()


class Cataloguers:
    def __init__(self, seed):
        self._chance = random.Random(seed)

    def change(self):
        chance = self._chance
        title = f"The {chance.choice(NOUNS)} and the {chance.choice(NOUNS)} of {chance.choice(PLACES)}"
        fields = [
            f"100{SUBFIELD}a{chance.choice(SURNAMES)}, {chance.choice('ABCDEFG')}.{SUBFIELD}d{chance.randint(1800, 1990)}",
            f"245{SUBFIELD}a{title}{SUBFIELD}b{chance.choice(NOUNS)} in the year {chance.randint(1900, 2020)}",
            f"651{SUBFIELD}a{chance.choice(PLACES)}{SUBFIELD}x{chance.choice(NOUNS).title()}",
        ]
        return f"{chance.randrange(TITLES)}{FIELD}{FIELD.join(fields)}{END}"

    def search(self):
        return f"{self._chance.choice(NOUNS)} {self._chance.choice(PLACES)}"


def shift(cataloguers, index, journal, changes, searches):
    """What comes in within a moment; how many titles were found."""
    lines = []
    for _ in range(changes):
        text = cataloguers.change()
        index.put(Record.parse(text))
        lines.append(text.encode() + b"\n")
    journal.add(lines)
    return sum(len(index.find(cataloguers.search())) for _ in range(searches))


def main():
    index, journal, cataloguers = Index(), Journal(Path("changes.mrc")), Cataloguers(1876)
    shift(cataloguers, index, journal, 4 * TITLES, 0)
    print("ready", os.getpid(), flush=True)
    found, due = 0, time.monotonic()
    while True:
        found += shift(cataloguers, index, journal, changes=600, searches=60)
        due = max(due + 0.15, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
