# expect: pattern=serialization-overhead bench
"""The drafting desk of a notary's office: the clerks ask for the draft of a deed (a sale of land, a land charge, the
articles of a company) for their parties; the desk takes the office's form of it, strikes what does not apply, enters
names and sums, and sends the text back with its number.

Measured: a draft takes 1.1 ms of CPU, at 375 drafts a second; 0.3 ms in the twin.
"""

import copy
import hashlib
import os
import random
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

KINDS = ("sale of land", "land charge", "articles of a company", "marriage contract", "gift")
PLACES = ("Lindenau", "Althof", "Weidenbach", "Moorkamp", "Steinfurt")

PHRASES = (
    "The party of the first part, {seller}, declares before the notary to be of full age and able to act.",
    "The party of the second part, {buyer}, accepts the foregoing declaration in every part.",
    "The consideration is {sum} euro, due within {days} days after the notary has told that the terms are met.",
    "The land lies in {place} and is entered in the land register there; the notary has seen the register.",
    "The parties were told of the tax, of the consents that are needed and of the joint liability for the costs.",
    "{seller} grants the entry of a priority notice for {buyer} in the land register of {place}.",
)


def make_form(kind):
    """The office's form of a deed: parts, in them clauses with who wrote them, when they apply, and their text."""
    parts = []
    for number in range(1, 9):
        clauses = []
        for place in range(1, 13):
            clauses.append(
                {
                    "number": f"{number}.{place}",
                    "text": PHRASES[(number * 5 + place) % len(PHRASES)],
                    "struck": False,
                    "applies": {"mortgaged": place % 5 == 0, "company": place % 7 == 0, "abroad": place % 11 == 0},
                    "sources": [f"form book, sheet {number * 12 + place}", "circular of the chamber"],
                }
            )
        parts.append({"title": f"Part {number} of the {kind}", "clauses": clauses, "read_aloud": number != 8})
    return {"kind": kind, "parts": parts, "fees": {"table": "B", "steps": list(range(500, 12000, 500))}}


class Forms:
    """The forms of the office; they stay as they are, whatever becomes of a draft."""

    def __init__(self, kinds):
        self._forms = {kind: make_form(kind) for kind in kinds}

    def take(self, kind):
        return copy.deepcopy(self._forms[kind])  # <- cost


class Matter:
    """What a clerk told of a case."""

    def __init__(self, line):
        self.number, self.kind, seller, buyer, place, price, circumstances = line.split("|")
        self.circumstances = set(circumstances.split(","))
        self.entries = {"seller": seller, "buyer": buyer, "place": place, "sum": f"{int(price):,}", "days": "21"}


def draft_for(matter, forms):
    """The form with everything entered that is known, and without what does not apply."""
    draft = forms.take(matter.kind)  # <- cost
    for part in draft["parts"]:
        for clause in part["clauses"]:
            needed = {name for name, only in clause["applies"].items() if only}
            if needed - matter.circumstances:
                clause["struck"] = True
            else:
                clause["text"] = clause["text"].format_map(matter.entries)
    return draft


def text_of(draft):
    lines = [draft["kind"].upper(), ""]
    for part in draft["parts"]:
        lines.append(part["title"])
        for clause in part["clauses"]:
            if not clause["struck"]:
                lines.append(f"({clause['number']}) {clause['text']}")
    return "\n".join(lines)


def fee_of(draft, price):
    steps = draft["fees"]["steps"]
    return 60 + 15 * sum(1 for step in steps if step * 100 <= price)


class Desk:
    def __init__(self, forms):
        self._forms = forms
        self.drafts = 0
        self.fees = 0

    def serve(self, line):
        """One clerk's questions, or all of them on one line; an empty line stands behind each text."""
        with line.makefile("r", encoding="utf-8") as questions:
            for question in questions:
                matter = Matter(question.rstrip("\n"))
                draft = draft_for(matter, self._forms)  # <- cost
                text = text_of(draft).encode()
                self.fees += fee_of(draft, int(matter.entries["sum"].replace(",", "")))
                self.drafts += 1
                seal = hashlib.sha256(text).hexdigest()
                line.sendall(b"%s\n%s\n\n" % (text, f"{matter.number} {seal}".encode()))

    def tell(self):
        while True:
            time.sleep(3)
            spent = time.process_time() * 1e3 / max(1, self.drafts)
            print(f"{self.drafts} drafts, {spent:.2f} ms of CPU each, {self.fees} euro", file=sys.stderr)


def clerks(line):
    """The clerks' side: a pile of matters twelve times a second, of the whole chain of offices."""
    chance = random.Random(29)
    names = ("A. Brandt", "M. Okafor", "J. Lindqvist", "C. Moreau", "T. Novak", "S. Yilmaz", "Hafen GmbH")
    threading.Thread(target=lambda: [None for _ in iter(lambda: line.recv(1 << 16), b"")], daemon=True).start()
    due = time.monotonic()
    number = 0
    while True:
        asked = []
        for _ in range(30):
            number += 1
            circumstances = ",".join(chance.sample(("mortgaged", "company", "abroad"), chance.randint(1, 2)))
            seller, buyer = chance.sample(names, 2)
            price = chance.randrange(20_000, 900_000, 500)
            asked.append(
                f"{number}/2024|{chance.choice(KINDS)}|{seller}|{buyer}|{chance.choice(PLACES)}|{price}|{circumstances}\n"
            )
        line.sendall("".join(asked).encode())
        due += 0.08
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    near, far = socket.socketpair()
    services.outside(lambda: clerks(far))
    far.close()
    desk = Desk(Forms(KINDS))
    threading.Thread(target=desk.tell, name="figures", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    desk.serve(near)


if __name__ == "__main__":
    main()
