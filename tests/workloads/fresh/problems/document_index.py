# expect: pattern=process-churn bench
"""An index of incoming documents. A process of its own reads each document, so that a broken one does no harm."""

import logging
import multiprocessing
import os
import random
import re
import time
from collections import Counter, defaultdict

BATCH = 40
WORD = re.compile(r"[a-z]{3,}")
STOP = frozenset(("the", "and", "for", "with", "that", "from"))
logging.basicConfig(filename="index.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
processes = multiprocessing.get_context("fork")


def words_of(text):
    """How often each word is in a document."""
    return Counter(word for word in WORD.findall(text.lower()) if word not in STOP)


def read(text, answer):
    answer.send(words_of(text))


def read_apart(text):
    receiving, sending = processes.Pipe(duplex=False)
    reader = processes.Process(target=read, args=(text, sending))
    reader.start()  # <- cost
    sending.close()
    try:
        return receiving.recv()  # <- cost
    except EOFError:
        return None
    finally:
        reader.join()  # <- cost
        receiving.close()


class Index:
    def __init__(self):
        self._documents = defaultdict(dict)
        self._lengths = {}

    def add(self, number, counts):
        self.remove(number)
        self._lengths[number] = counts
        for word, count in counts.items():
            self._documents[word][number] = count

    def remove(self, number):
        for word in self._lengths.pop(number, ()):
            del self._documents[word][number]

    def best(self, words, most=10):
        scores = Counter()
        for word in words:
            found = self._documents.get(word, {})
            for number, count in found.items():
                scores[number] += count / (1 + len(found))
        return scores.most_common(most)


def inbox():
    """Documents of a few hundred words, in batches; only the last four hundred are kept."""
    chance = random.Random(5)
    known = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randrange(3, 9))) for _ in range(3000)]
    number = 0
    while True:
        batch = []
        for _ in range(BATCH):
            number += 1
            batch.append((number % 400, " ".join(chance.choices(known, k=250)) + " for the record"))
        yield batch


def main():
    index, count, told = Index(), 0, time.monotonic()
    print("ready", os.getpid(), flush=True)
    for batch in inbox():
        for number, text in batch:
            counts = read_apart(text)  # <- cost
            if counts is not None:
                index.add(number, counts)
        best = index.best(batch[0][1].split()[:5])
        count += len(batch)
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d documents read, best is %s", count, best[:1])


main()
