# expect: healthy bench
"""Takes decks of flashcards from authors of a language school: checks their form, schedules the cards, reports.

Measured in the twin: 130 decks for each second of a core, 365 here.
"""

import json
import logging
import os
import random
import time
from datetime import date, timedelta

import jsonschema
from sortedcontainers import SortedKeyList

DECKS, LANGUAGES = 300, ("it", "sv", "el", "tr")
STEPS = (1, 3, 8, 20, 55)
logging.basicConfig(filename="import.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)

CARD = {
    "type": "object",
    "required": ["front", "back", "level"],
    "properties": {
        "front": {"type": "string", "minLength": 1, "maxLength": 200},
        "back": {"type": "string", "minLength": 1, "maxLength": 200},
        "level": {"type": "integer", "minimum": 1, "maximum": 6},
        "hints": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
    },
    "additionalProperties": False,
}
DECK = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["name", "language", "author", "cards"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9 -]*$"},
        "language": {"enum": list(LANGUAGES)},
        "author": {
            "type": "object",
            "required": ["login"],
            "properties": {"login": {"type": "string"}, "teacher": {"type": "boolean"}},
        },
        "cards": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"$ref": "#/$defs/card"}},
    },
    "$defs": {"card": CARD},
}
jsonschema.Draft202012Validator.check_schema(DECK)
CHECKER = jsonschema.Draft202012Validator(DECK)


class Mailbox:
    """What authors send; every ninth makes a mistake."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def next(self, number):
        cards = [self._card(number * 31 + at) for at in range(self._random.randrange(25, 50))]
        if number % 9 == 0:
            cards[-1]["level"] = "hard"
        deck = {"name": f"deck {number % DECKS}", "language": LANGUAGES[number % 4], "cards": cards}
        return json.dumps({**deck, "author": {"login": f"author{number % 41}", "teacher": number % 3 == 0}})

    def _card(self, number):
        card = {"front": f"word {number}", "back": f"meaning {number * 7919 % 9973}", "level": 1 + number % 6}
        if self._random.random() < 0.3:
            card["hints"] = [f"as in sentence {number % 77}"]
        return card


class Library:
    """The decks of the school, and when each card is due."""

    def __init__(self):
        self._decks = {}
        self._due = SortedKeyList(key=lambda entry: entry[0])
        self.taken, self.refused = 0, 0

    def submit(self, text):
        deck = json.loads(text)
        try:
            self.check(deck)
        except jsonschema.ValidationError as wrong:
            self.refused += 1
            logging.debug("refused: %s", wrong.message)
            return
        self._replace(deck)
        self.taken += 1

    @staticmethod
    def check(deck):
        wrong = jsonschema.exceptions.best_match(CHECKER.iter_errors(deck))
        if wrong:
            raise wrong

    def _replace(self, deck):
        for entry in self._decks.pop(deck["name"], ()):
            self._due.remove(entry)
        entries = []
        for at, card in enumerate(deck["cards"]):
            step = STEPS[min(card["level"], len(STEPS)) - 1]
            entries.append((date(2026, 1, 1) + timedelta(days=step * (1 + at % 3)), deck["name"], card["front"]))
        self._due.update(entries)
        self._decks[deck["name"]] = entries

    def report(self, seconds):
        first = self._due[0][0].isoformat() if self._due else "never"
        logging.info("%.1f decks a second, %d refused, first due %s", self.taken / seconds, self.refused, first)


def main():
    mailbox, library = Mailbox(7), Library()
    print("ready", os.getpid(), flush=True)
    began = told = time.monotonic()
    for number in range(1 << 40):
        library.submit(mailbox.next(number))
        if (now := time.monotonic()) - told > 1:
            told = now
            library.report(now - began)


main()
