# expect: pattern=repeated-computation bench
"""The name register of a newspaper's archive: articles come in from the scanners, the register finds out which of the
persons that the archive keeps a card of are named in each (with title, given name or initial, in one of the ways in
which reporters wrote it), and adds the article to their cards.
Measured: an article takes 16 ms of CPU, with some 75 persons to look for; 6 ms in the twin.
"""

import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

ARTICLES_A_SECOND = 24
WORD = re.compile(r"[A-Z][a-z]+")
SURNAMES = [
    start + end
    for start in ("Ash", "Brad", "Cart", "Dun", "Elling", "Fair", "Hart", "Kings", "Lang", "Mar", "North", "Pem")
    for end in ("ton", "ley", "field", "well", "worth", "ford", "mere", "combe")
]
GIVEN = ["Albert", "Beatrice", "Charles", "Dorothy", "Edmund", "Florence", "George", "Harriet", "Isaac", "Judith"]
GIVEN += ["Kenneth", "Louisa", "Martin", "Nora", "Oswald", "Phoebe", "Quentin", "Rosalind", "Stephen", "Theresa"]
TITLES = {
    "clergy": ["Rev.", "Canon", "Dean"],
    "army": ["Capt.", "Major", "Col."],
    "council": ["Ald.", "Cllr.", "Mayor"],
}
FILLER = (
    "the council met on tuesday to hear the report of the harbour board and after some debate it was agreed that the "
    "works at the north pier should be begun before winter while the price of coal had risen again at the quay"
).split()


@dataclass
class Person:
    """A card of the register."""

    number: int
    given: str
    surname: str
    office: str
    articles: deque = field(default_factory=lambda: deque(maxlen=50))

    def ways_to_write(self):
        """All that a reporter may have put: 'Rev. A. Ashton', 'Albert Ashton', 'Ashton, Albert'."""
        titles = "|".join(re.escape(title) for title in TITLES[self.office])
        first = rf"(?:{self.given}|{self.given[0]}\.)"
        return rf"\b(?:(?:{titles})\s+)?{first}\s+(?:[A-Z]\.\s+)?{self.surname}\b|\b{self.surname},\s+{first}(?!\w)"


@dataclass(frozen=True)
class Article:
    number: int
    section: str
    text: str


class Register:
    def __init__(self, persons):
        self._by_surname = defaultdict(list)
        for person in persons:
            self._by_surname[person.surname].append(person)

    def candidates(self, text):
        """Who may be meant, by surnames alone."""
        for surname in set(WORD.findall(text)):
            yield from self._by_surname.get(surname, ())

    def named(self, text):
        found = []
        for person in self.candidates(text):
            match = re.search(person.ways_to_write(), text)  # <- cost
            if match:
                found.append((match.start(), person))
        found.sort(key=lambda hit: (hit[0], hit[1].number))
        return [person for _, person in found]

    def enter(self, article):
        """Add the article to the cards of those who are named in it."""
        persons = self.named(article.text)  # <- cost
        for person in persons:
            person.articles.append(article.number)
        return len(persons)


class Daybook:
    """What was done today; written down every few seconds."""

    def __init__(self, path):
        self._path = path
        self._lock = threading.Lock()
        self._sections = Counter()
        self._named = self._done = 0
        self._spent = 0.0

    def note(self, article, named, seconds):
        with self._lock:
            self._sections[article.section] += 1
            self._named += named
            self._done += 1
            self._spent += seconds

    def keep(self):
        while True:
            time.sleep(3)
            with self._lock:
                done, named, spent = self._done, self._named, self._spent
                sections = self._sections.most_common()
            lines = [f"{done} articles, {named} names, {1000 * spent / max(done, 1):.2f} ms each"]
            lines += [f"{section}: {count}" for section, count in sections]
            self._path.write_text("\n".join(lines) + "\n")


def some_persons(chance):
    return [
        Person(number, chance.choice(GIVEN), SURNAMES[number % len(SURNAMES)], chance.choice(list(TITLES)))
        for number in range(2400)
    ]


def some_article(number, persons, chance):
    words = chance.choices(FILLER, k=260)
    for person in chance.sample(persons, 3):
        title = chance.choice(TITLES[person.office])
        words[chance.randrange(len(words))] = f"{title} {person.given[0]}. {person.surname}"
    return Article(number, chance.choice(("shipping", "courts", "town hall", "letters")), " ".join(words))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    chance = random.Random(1896)
    persons = some_persons(chance)
    register = Register(persons)
    scanned = [some_article(number, persons, chance) for number in range(600)]
    with tempfile.TemporaryDirectory() as folder:
        daybook = Daybook(Path(folder, "daybook.txt"))
        threading.Thread(target=daybook.keep, daemon=True).start()
        print("ready", os.getpid(), flush=True)
        due = time.monotonic()
        for turn in range(1 << 40):
            article = scanned[turn % len(scanned)]
            began = time.perf_counter()
            named = register.enter(article)  # <- cost
            daybook.note(article, named, time.perf_counter() - began)
            due = max(due + 1 / ARTICLES_A_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
