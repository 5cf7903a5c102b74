# expect: healthy bench
"""Counts the words of a stream of articles in blocks, and keeps the commonest."""

import logging
import os
import re
import socket
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

WORD = re.compile(rb"[a-z]{3,}")
STOP = frozenset((b"the", b"and", b"for", b"with"))
logging.basicConfig(filename="words.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def agency(connection):
    """Sends articles as fast as they are taken."""
    words = [f"{'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}{'aeiou'[n % 5]}{'xyz'[n % 3]}" for n in range(900)]
    number = 0
    while True:
        number += 1
        text = " ".join(words[(number * 31 + step * step) % 900] for step in range(400))
        connection.sendall(f"the news of {text} and more for all\n".encode() * 4)


def main():
    here, there = socket.socketpair()
    services.outside(lambda: agency(there))
    there.close()
    counts, articles, told = Counter(), 0, time.monotonic()
    print("ready", os.getpid(), flush=True)
    for line in here.makefile("rb", buffering=1 << 17):
        counts.update(WORD.findall(line))
        articles += 1
        if articles % 500 == 0:
            for word in STOP:
                counts.pop(word, None)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%d articles counted, commonest %s", articles, counts.most_common(3))


main()
