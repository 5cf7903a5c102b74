# expect: healthy bench
"""Prepares the words of choral pieces for singers: each verse is written as it is to be pronounced, by the rules of its
language, and split into the notes' syllables; the sheets of a programme go to the sections of the choir.
Measured: 0.28 ms of a core for each verse; 3.8 ms in the problem.
"""

import json
import os
import random
import re
import time
from collections import Counter
from pathlib import Path

LANGUAGES = ("latin", "italian", "german", "french", "welsh", "finnish")
VOWELS = "aeiouyäöüâ"
SECTIONS = ("soprano", "alto", "tenor", "bass")


class Pronunciation:
    """The rules of a language, applied in their order: a rule may rest on what those before it have written."""

    def __init__(self, language, rules):
        self.language = language
        self._rules = [
            (re.compile(rf"(?<![{before}]){letters}(?=[{after}]|\b)", re.IGNORECASE), sound)
            for sound, (before, letters, after) in rules.items()
        ]

    def spell(self, verse):
        for pattern, sound in self._rules:
            verse = pattern.sub(sound, verse)
        return verse


def rules_of(language, chance):
    """About a hundred and sixty for each language, as the conductor's handbook has them."""
    consonants = "bcdfghjklmnpqrstvwxz"
    rules = {}
    while len(rules) < 160:
        letters = "".join(chance.choice(consonants) + chance.choice(VOWELS) for _ in range(chance.choice((1, 1, 2))))
        if chance.random() < 0.4:
            letters += chance.choice(consonants)
        before = "".join(sorted(chance.sample(VOWELS, 3)))
        after = "".join(sorted(chance.sample(consonants, 6)))
        sound = letters[0] + chance.choice(("ae", "ee", "oh", "oo", "ah", "eh")) + letters[2:] + "'" * (len(rules) % 3)
        rules[sound] = before, letters, after
    return rules


SYLLABLE = re.compile(rf"[^\W{VOWELS}]*[{VOWELS}]+(?:[^\W{VOWELS}](?![{VOWELS}]))*", re.IGNORECASE)


def syllables(verse):
    return [SYLLABLE.findall(word) or [word] for word in verse.split()]


class Piece:
    def __init__(self, title, language, verses):
        self.title, self.language, self.verses = title, language, verses


class Library:
    """The pieces that the choir owns."""

    def __init__(self, seed):
        chance = random.Random(seed)
        words = {language: [some_word(chance) for _ in range(300)] for language in LANGUAGES}
        self.pieces = []
        for number in range(180):
            language = LANGUAGES[number % len(LANGUAGES)]
            verses = [" ".join(chance.choices(words[language], k=7)) for _ in range(chance.randint(3, 6))]
            self.pieces.append(Piece(f"piece {number}", language, verses))


def some_word(chance):
    return "".join(chance.choice("bcdfglmnprstv") + chance.choice(VOWELS) for _ in range(chance.randint(1, 4)))


class Sheets:
    """What is laid on the singers' stands."""

    def __init__(self, pronunciations):
        self.pronunciations = pronunciations
        self.notes = Counter()

    def line(self, language, verse):
        spelt = self.pronunciations[language].spell(verse)
        split = syllables(spelt)
        return "  ".join("-".join(parts) for parts in split), sum(map(len, split))

    def sheet(self, piece):
        lines = []
        for verse in piece.verses:
            line, notes = self.line(piece.language, verse)
            lines.append(line)
            self.notes[piece.language] += notes
        return {"title": piece.title, "lines": lines}

    def programme(self, pieces):
        sheets = [self.sheet(piece) for piece in pieces]
        return {section: [f"{sheet['title']} ({section})" for sheet in sheets] for section in SECTIONS}, sheets


def main():
    chance = random.Random(40)
    library = Library(7)
    sheets = Sheets({language: Pronunciation(language, rules_of(language, chance)) for language in LANGUAGES})
    print("ready", os.getpid(), flush=True)
    while True:
        verses, until, began = 0, time.monotonic() + 1, time.process_time()
        while time.monotonic() < until:
            pieces = chance.sample(library.pieces, 8)
            stands, written = sheets.programme(pieces)
            verses += sum(len(piece.verses) for piece in pieces)
        spent = 1000 * (time.process_time() - began) / verses
        summary = {"verse_ms": round(spent, 3), "first": written[0], "stands": len(stands), "notes": sheets.notes}
        Path("programme.json").write_text(json.dumps(summary))
        time.sleep(0.2)


if __name__ == "__main__":
    main()
