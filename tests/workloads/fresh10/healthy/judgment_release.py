# expect: healthy bench
"""Prepares a court's judgments for the public: the parties' names become letters, dates of birth go, citations are
gathered for the index, paragraphs are numbered. Each judgment has parties of its own, so the pattern that finds them is made
for it, once. What is released is written down in batches, one transaction for each.

Measured: 20 judgments a second of 26 kB, 6 to 9 ms of CPU each: a sixth of a core. A pattern takes half a millisecond to
make, at the first judgment of a case.
"""

import itertools
import os
import random
import re
import sqlite3
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

A_SECOND = 20
BATCH = 40
KEPT = 80
CITATION = re.compile(r"\[(\d{4})\] ([A-Z]{2,5}) (\d{1,4})")
BIRTH = re.compile(r"born on \d{1,2} [A-Z][a-z]+ \d{4}")
WORD = re.compile(r"[a-z]{5,}")
COMMON = frozenset("which would their there court party after before under other shall should about".split())


@dataclass
class Judgment:
    number: str
    parties: list
    paragraphs: list


@dataclass
class Released:
    number: str
    text: str
    citations: set = field(default_factory=set)
    subjects: list = field(default_factory=list)


class Veil:
    """Puts a letter for each party's name, in whatever way the name is written."""

    def __init__(self, parties):
        self._letters = {}
        forms = []
        for letter, (first, last) in zip("ABCDEFGHJK", parties, strict=False):
            for form in (f"{first} {last}", f"{first[0]}. {last}", f"Mr {last}", f"Mrs {last}", last):
                self._letters[form.lower()] = letter
                forms.append(form)
        forms.sort(key=len, reverse=True)
        self._names = re.compile(r"\b(?:" + "|".join(map(re.escape, forms)) + r")\b", re.IGNORECASE)

    def over(self, text):
        return self._names.sub(lambda found: self._letters[found[0].lower()], text)


def subjects(text):
    """The words that a judgment uses most, of those that tell something."""
    counts = Counter(WORD.findall(text.lower()))
    for word in COMMON:
        counts.pop(word, None)
    return [word for word, _ in counts.most_common(8)]


def release(judgment):
    veil = Veil(judgment.parties)
    released = Released(judgment.number, "")
    lines = []
    for number, paragraph in enumerate(judgment.paragraphs, 1):
        shown = BIRTH.sub("born in that year", veil.over(paragraph))
        released.citations.update(CITATION.findall(shown))
        lines.append(f"{number}. {shown}")
    released.text = "\n\n".join(lines)
    released.subjects = subjects(released.text)
    return released


class Index:
    """What has been released, for those who look for cases; the last ones are kept here."""

    def __init__(self, path):
        Path(path).unlink(missing_ok=True)
        self._database = sqlite3.connect(path)
        self._database.executescript("""
            CREATE TABLE released (number TEXT PRIMARY KEY, place INTEGER, size INTEGER, subjects TEXT);
            CREATE TABLE cited (number TEXT, year INTEGER, court TEXT, page INTEGER);
            CREATE INDEX cited_by_number ON cited (number);
        """)

    def add(self, batch):
        with self._database:
            self._database.executemany(
                "INSERT INTO released VALUES (?, ?, ?, ?)",
                [(each.number, int(each.number[2:]), len(each.text), " ".join(each.subjects)) for each in batch],
            )
            self._database.executemany(
                "INSERT INTO cited VALUES (?, ?, ?, ?)",
                [(each.number, *citation) for each in batch for citation in each.citations],
            )
            oldest = (int(batch[-1].number[2:]) - KEPT,)
            self._database.execute(
                "DELETE FROM cited WHERE number IN (SELECT number FROM released WHERE place < ?)", oldest
            )
            self._database.execute("DELETE FROM released WHERE place < ?", oldest)


def drawn_up(number, chance):
    """A judgment as the judge's office sends it."""
    firsts, lasts = (
        ["Ada", "Bruno", "Clara", "David", "Edith"],
        ["Ashworth", "Bellamy", "Corrigan", "Dunmore", "Eastwick"],
    )
    parties = list(
        zip(firsts, chance.sample([f"{last}{end}" for last in lasts for end in ("", "-Hale", "son")], 5), strict=True)
    )
    nouns = "contract carriage negligence easement covenant tenancy salvage insurance boundary trespass damages".split()
    paragraphs = []
    for _ in range(60):
        sentences = []
        for _ in range(6):
            first, last = chance.choice(parties)
            sentences.append(
                f"{chance.choice([f'{first} {last}', f'Mr {last}', last])} relied on the {chance.choice(nouns)} and the "
                f"{chance.choice(nouns)}, as in [{chance.randint(1950, 2025)}] EWHC {chance.randint(1, 900)}."
            )
        paragraphs.append(" ".join(sentences) + f" {parties[0][0]} was born on {chance.randint(1, 28)} May 1970.")
    return Judgment(f"J-{number}", parties, paragraphs)


def main():
    chance = random.Random(1689)
    drafts = [drawn_up(number, chance) for number in range(60)]
    index, shelf, batch = Index("released.db"), Path("released"), []
    shelf.mkdir(exist_ok=True)
    due, began = time.monotonic(), time.process_time()
    for number in itertools.count(1):
        draft = drafts[number % len(drafts)]
        released = release(Judgment(f"J-{number}", draft.parties, draft.paragraphs))
        (shelf / f"{number % 50}.txt").write_text(released.text)
        batch.append(released)
        if len(batch) == BATCH:
            index.add(batch)
            batch = []
            print(
                f"{number} released, {1000 * (time.process_time() - began) / number:.1f} ms each, {len(released.text)} letters",
                file=sys.stderr,
            )
        if number == KEPT:  # those of last week are in again; from here on they come as they are decided
            due = time.monotonic()
            print("ready", os.getpid(), flush=True)
        if number < KEPT:
            continue
        due = max(due + 1 / A_SECOND, time.monotonic() - 0.5)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
