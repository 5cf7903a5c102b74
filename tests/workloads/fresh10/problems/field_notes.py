# expect: pattern=repeated-computation bench
"""Reads collectors' field notes for a seed bank: which of the known names of a genus does a note use, where was it
gathered and how many seeds are there? Each note becomes a line of the accession register, under the accepted name.

Measured: a note takes 2.8 ms of CPU, nine tenths of which its twin saves; there it takes 0.3 ms.
"""

import csv
import itertools
import os
import random
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

NOTES_A_SECOND = 170
PLACE = re.compile(r"(\d{1,2})[°d]\s?(\d{1,2})['m]\s?([NS]),?\s+(\d{1,3})[°d]\s?(\d{1,2})['m]\s?([EW])")
SEEDS = re.compile(r"(?:about|ca\.?|approx\.?)\s+(\d[\d ]*)\s+seeds", re.IGNORECASE)
STEMS = "alb argent aur campan caes dent erio flav glauc hirs lanat macr nitid palud rubr seric tenu virid".split()
ENDS = "ella ata ensis iflora ifolia issima oides ulosa".split()


@dataclass
class Taxon:
    """An accepted species, with the names under which it was known earlier."""

    genus: str
    accepted: str
    epithets: list = field(default_factory=list)


@dataclass
class Accession:
    number: int
    name: str
    infraspecific: str
    latitude: float
    longitude: float
    seeds: int


class Catalogue:
    """The names that the seed bank knows, by genus."""

    def __init__(self, taxa):
        self._by_genus = {}
        for taxon in taxa:
            self._by_genus.setdefault(taxon.genus.lower(), []).append(taxon)

    def genera_in(self, text):
        words = dict.fromkeys(word.strip(".,;()").lower() for word in text.split())
        return [word for word in words if word in self._by_genus]

    def identify(self, text):
        """The taxon that a note names, and what is said of its subspecies."""
        for genus in self.genera_in(text):
            for taxon in self._by_genus[genus]:  # <- cost
                for epithet in taxon.epithets:  # <- cost
                    found = re.search(  # <- cost
                        rf"\b{re.escape(genus)}\s+(?:cf\.\s+)?{re.escape(epithet)}\b"  # <- cost
                        r"(?:\s+(?:subsp|ssp|var)\.\s+([a-z-]+))?",  # <- cost
                        text,  # <- cost
                        re.IGNORECASE,  # <- cost
                    )
                    if found:
                        return taxon, found[1] or ""
        return None, ""


class Register:
    """The accession register: new lines go to disk every two seconds, the last ones stay at hand."""

    def __init__(self, path):
        self._path = path
        self._fresh = []
        self.last = deque(maxlen=500)
        self.by_name = Counter()

    def enter(self, accession):
        self._fresh.append(accession)
        self.last.append(accession)
        self.by_name[accession.name] += 1

    def save(self):
        with self._path.open("w", newline="") as file:
            lines = csv.writer(file)
            for entry in self._fresh:
                lines.writerow(
                    [entry.number, entry.name, entry.infraspecific, entry.latitude, entry.longitude, entry.seeds]
                )
        self._fresh.clear()


def degrees(whole, minutes, side):
    value = int(whole) + int(minutes) / 60
    return round(-value if side in "SW" else value, 4)


def read_note(number, text, catalogue):
    """An accession from a note, or None if it needs a botanist's eye."""
    taxon, infraspecific = catalogue.identify(text)  # <- cost
    place = PLACE.search(text)
    if taxon is None or place is None:
        return None
    seeds = SEEDS.search(text)
    count = int(seeds[1].replace(" ", "")) if seeds else 0
    return Accession(
        number, taxon.accepted, infraspecific, degrees(*place.group(1, 2, 3)), degrees(*place.group(4, 5, 6)), count
    )


def flora(chance):
    genera = [
        "".join(pair) + "ia"
        for pair in itertools.product(
            ("Bal", "Cor", "Dry", "Hel", "Lyc", "Mel", "Orn", "Pter", "Sil", "Ther"),
            ("and", "ber", "eph", "ist", "om", "urn", "yll", "anth"),
        )
    ]
    epithets = [stem + end for stem in STEMS for end in ENDS]
    for genus in genera:
        known = chance.sample(epithets, 24)
        for at in range(0, len(known), 4):
            yield Taxon(genus, f"{genus} {known[at]}", known[at : at + 4])


def scanned(taxa, chance):
    """Notes as they come from the scanner's reading of the collectors' handwriting."""
    ground = ["on limestone scree", "in a wet meadow", "by the roadside", "under old oaks", "in the gravel of a stream"]
    while True:
        taxon = chance.choice(taxa)
        name = f"{taxon.genus} {chance.choice(taxon.epithets)}"
        if chance.random() < 0.2:
            name += f" subsp. {chance.choice(STEMS)}ana"
        remarks = " ".join(f"Gathered {chance.choice(ground)}, plant {n}, capsules dry and open." for n in range(5))
        yield (
            f"Coll. no. {chance.randint(1, 9999)}. {remarks} {name}, common here; "
            f"{chance.randint(30, 69)}°{chance.randint(0, 59)}'N, {chance.randint(0, 40)}°{chance.randint(0, 59)}'E. "
            f"About {chance.randint(2, 90)} 000 seeds from {chance.randint(20, 90)} plants, cleaned by hand."
        )


def main():
    chance = random.Random(1898)
    taxa = list(flora(chance))
    catalogue = Catalogue(taxa)
    register = Register(Path("accessions.csv"))
    notes = scanned(taxa, chance)
    print("ready", os.getpid(), flush=True)
    due = saved = time.monotonic()
    began = time.process_time()
    for number in itertools.count(1):
        accession = read_note(number, next(notes), catalogue)  # <- cost
        if accession:
            register.enter(accession)
        if due - saved > 2:
            register.save()
            saved = due
            print(f"{number} notes, {1000 * (time.process_time() - began) / number:.2f} ms each", flush=True)
        due = max(due + 1 / NOTES_A_SECOND, time.monotonic() - 0.5)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
