# expect: healthy bench
"""Loads its catalogue when it starts, in pieces, and answers from it: memory grows for a second and then rests."""

import os
import time

print("ready", os.getpid(), flush=True)
catalogue = {}
for piece in range(12):
    for number in range(piece * 2000, piece * 2000 + 2000):
        catalogue[f"article-{number}"] = {"cents": number, "text": f"text {number} " * 20}
    time.sleep(0.05)
number = 0
while True:
    number += 1
    entry = catalogue[f"article-{number * 7919 % len(catalogue)}"]
    text = entry["text"].upper()
    if number % 50 == 0:
        time.sleep(0.005)
