# expect: pattern=repeated-computation bench
"""The notes that the advisers of a legal aid hotline took are made fit for the yearly report to the funders: the
parties' names become their roles, numbers and addresses are struck out, and the notes are counted by area of law.
Measured: 0.60 ms for each note; 0.29 ms in the twin.
"""

import os
import random
import re
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field

FIRST = ("Amara", "Brian", "Chloe", "Dinesh", "Edyta", "Fergus", "Grace", "Hamid", "Ines", "Jonah", "Kirsty", "Liam")
LAST = ("Abbott", "Bashir", "Cole", "Doyle", "Evans", "Fofana", "Grant", "Hobbs", "Iqbal", "Jonas", "Kaur", "Lennon")
ROLES = ("CLIENT", "LANDLORD", "PARTNER", "EMPLOYER", "WITNESS")
AREAS = {
    "housing": {"rent", "eviction", "deposit", "tenancy", "repairs"},
    "debt": {"bailiff", "loan", "arrears", "creditor"},
    "employment": {"dismissal", "wages", "shift", "notice"},
    "family": {"custody", "divorce", "contact", "maintenance"},
}
PHONE = re.compile(r"\b0\d{3,4}[ -]?\d{5,7}\b")
POSTCODE = re.compile(r"\b[A-Z]{1,2}\d{1,2} ?\d[A-Z]{2}\b")
WORD = re.compile(r"[a-z]+")


@dataclass
class Party:
    first: str
    last: str
    role: str


@dataclass
class Case:
    number: str
    parties: list = field(default_factory=list)


def pattern_of(party):
    """How advisers write a person: with or without the first name or a title, with an initial, in any case."""
    first, last = re.escape(party.first), re.escape(party.last)
    return rf"\b(?:(?:mr|mrs|ms|dr)\.?\s+)?(?:{first}\s+|{first[0]}\.\s*)?{last}(?:'s)?\b"


class Redactor:
    def __init__(self, cases):
        self._cases = {case.number: case for case in cases}

    def names(self, case, text):
        for party in case.parties:
            text = re.sub(pattern_of(party), f"[{party.role}]", text, flags=re.IGNORECASE)  # <- cost
        return text

    def clean(self, number, text):
        text = self.names(self._cases[number], text)  # <- cost
        text = PHONE.sub("[PHONE]", text)
        return POSTCODE.sub("[ADDRESS]", text)


class Report:
    """How many notes there are for each area, and some of them as examples."""

    def __init__(self, redactor):
        self._redactor = redactor
        self.areas = Counter()
        self.examples = deque(maxlen=50)

    def area_of(self, text):
        words = Counter(WORD.findall(text.lower()))
        weights = {area: sum(words[word] for word in known) for area, known in AREAS.items()}
        return max(weights, key=weights.get)

    def take(self, number, text):
        clean = self._redactor.clean(number, text)  # <- cost
        area = self.area_of(clean)
        self.areas[area] += 1
        self.examples.append((area, clean))


def open_cases(seed, many=1500):
    chance = random.Random(seed)
    cases = []
    for number in range(many):
        parties = []
        for role in ROLES[: chance.randint(2, 5)]:
            last = chance.choice(LAST) + chance.choice(("", "son", "man", "-" + chance.choice(LAST)))
            parties.append(Party(chance.choice(FIRST), last, role))
        cases.append(Case(f"LA-{number:05}", parties))
    return cases


class Notes:
    """The notes of the year, in the order in which the cases were last touched."""

    def __init__(self, cases, seed):
        self._cases = cases
        self._chance = random.Random(seed)

    def note(self, case):
        chance = self._chance
        words = [word for area in AREAS.values() for word in area]
        parts = []
        for _ in range(chance.randint(6, 14)):
            party = chance.choice(case.parties)
            who = chance.choice((f"{party.first} {party.last}", f"Mr {party.last}", f"{party.first[0]}. {party.last}"))
            parts.append(f"{who} called about {chance.choice(words)} and {chance.choice(words)}.")
        phone = f"0{chance.randrange(1000, 2000)} {chance.randrange(100000, 999999)}"
        parts.append(f"Ring back on {phone}, LS{number_of(case)} 4QT.")
        return " ".join(parts)

    def batch(self, size):
        return [(case.number, self.note(case)) for case in self._chance.choices(self._cases, k=size)]


def number_of(case):
    return int(case.number[3:]) % 29 + 1


def main():
    cases = open_cases(21)
    notes, report = Notes(cases, 22), Report(Redactor(cases))
    batches = [notes.batch(40) for _ in range(60)]
    done, spent, told = 0, 0.0, time.monotonic()
    print("ready", os.getpid(), flush=True)
    while True:
        for batch in batches:
            began = time.perf_counter()
            for number, text in batch:
                report.take(number, text)  # <- cost
            done += len(batch)
            spent += time.perf_counter() - began
            time.sleep(0.03)
            if time.monotonic() - told > 2:
                told = time.monotonic()
                print(f"{done} notes, {1000 * spent / done:.3f} ms each, {report.areas}", file=sys.stderr)


if __name__ == "__main__":
    main()
