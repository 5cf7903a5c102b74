# expect: pattern=memory-growth bench
# A crossword publisher's checker (Celery with Redis): setters save their grid after each word, a worker lists what
# can still go into each open slot, and tells the setter which slots got worse since the draft's last revision.
#
# Measured: 12 revisions a second in both; with 40 words a slot the worker grew from 59 MB to 123 MB in 28 s (2.3
# MB/s; now 32 words, about 1.8 MB/s), the twin stays at 58 MB; 0.9 s of CPU in 28 s.
import logging
import os
import random
import string
import sys
import time
import warnings
from collections import defaultdict
from pathlib import Path

import redis
from celery import Celery, Task
from celery.platforms import SecurityWarning
from celery.signals import worker_process_init

sys.path.append(str(Path(__file__).parents[2]))
import services

SETTERS, RATE, REVISIONS = 24, 12, 14  # drafts open at a time; revisions a second; revisions until a draft is done
SLOTS, LISTED = 22, 32

app = Celery("crosswords")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


# --- the word list --------------------------------------------------------------------------------------------------
class WordList:
    """Words by length, and by the letter at a place, so that a pattern is an intersection."""

    def __init__(self, words):
        self.by_length = defaultdict(set)
        self.by_letter = defaultdict(set)
        self.worth = {}
        for word in words:
            self.by_length[len(word)].add(word)
            self.worth[word] = sum(string.ascii_lowercase.index(letter) % 7 for letter in word) / len(word)
            for at, letter in enumerate(word):
                self.by_letter[len(word), at, letter].add(word)

    def fits(self, pattern):
        given = [(len(pattern), at, letter) for at, letter in enumerate(pattern) if letter != "."]
        found = [self.by_letter[place] for place in given] or [self.by_length[len(pattern)]]
        return set.intersection(*sorted(found, key=len))


def invented_words(number=6000):
    chance = random.Random(23)
    parts = ("ba", "cre", "do", "fin", "gal", "ho", "in", "ket", "lo", "mar", "ne", "or", "pla", "ri", "sta", "tum")
    return {"".join(chance.choices(parts, k=chance.randint(2, 4)))[:9] for _ in range(number)}


# --- tasks ----------------------------------------------------------------------------------------------------------
class GridTask(Task):
    """What tasks on grids share: the word list, and what earlier revisions of a draft allowed."""

    def __init__(self):
        self.words = WordList(invented_words())
        self.earlier = {}
        self.mailbox = None

    def candidates(self, slots):
        """For each slot the words that fit, the best first."""
        listed = {}
        for slot, pattern in slots.items():
            best = sorted(self.words.fits(pattern), key=self.words.worth.get, reverse=True)[:LISTED]
            worth = self.words.worth
            listed[slot] = [{"word": word, "worth": worth[word], "slot": f"{slot} {pattern}"} for word in best]
        return listed

    def remember(self, draft, revision, listed):
        self.earlier[draft, revision] = listed  # <- cost

    def before(self, draft, revision):
        return self.earlier.get((draft, revision - 1), {})

    def tell(self, draft, text):
        self.mailbox = self.mailbox or redis.Redis.from_url(app.conf.broker_url)
        self.mailbox.set(f"told:{draft}", text, ex=60)


@app.task(base=GridTask, bind=True, name="grids.check")
def check(self, draft, revision, slots):
    listed = self.candidates(slots)
    before = self.before(draft, revision)
    worse = [slot for slot, found in listed.items() if len(found) < len(before.get(slot, found))]
    stuck = [slot for slot, found in listed.items() if not found]
    self.remember(draft, revision, listed)
    self.tell(draft, f"revision {revision}: worse {', '.join(worse) or '-'}; stuck {', '.join(stuck) or '-'}")


@worker_process_init.connect
def started(**_):
    print(f"ready {os.getpid()}", flush=True)


# --- its load -------------------------------------------------------------------------------------------------------
class Setter:
    """Fills one grid after the other, letter by letter."""

    def __init__(self, number):
        self.number, self.draft = number, 0
        self.begin()

    def begin(self):
        self.draft += 1
        self.revision = 0
        self.slots = {f"{1 + at}{'ad'[at % 2]}": "." * (4 + at % 6) for at in range(SLOTS)}

    def save(self):
        self.revision += 1
        if self.revision > REVISIONS:
            self.begin()
            self.revision = 1
        slot = random.choice(list(self.slots))
        place = random.randrange(len(self.slots[slot]))
        pattern = self.slots[slot]
        self.slots[slot] = pattern[:place] + random.choice("aeinorst") + pattern[place + 1 :]
        check.apply_async((f"{self.number}-{self.draft}", self.revision, self.slots))


def setting():
    setters = [Setter(number) for number in range(SETTERS)]
    due = time.monotonic()
    while True:
        random.choice(setters).save()
        due = max(due + 1 / RATE, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    logging.basicConfig(level=logging.ERROR)
    warnings.simplefilter("ignore", SecurityWarning)
    app.conf.broker_url = f"redis://127.0.0.1:{services.redis()}/0"
    services.outside(setting)
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=ERROR"]
    app.worker_main(["--quiet", "worker", "--pool=prefork", "--concurrency=1", *quiet])


if __name__ == "__main__":
    main()
