# expect: pattern=hot-loop bench
# Walkers of a bumblebee census send what they see; each batch of sightings is turned into a line for each transect:
# number, species, Shannon index, queens. A sender outside delivers a batch each second.
# Measured: 0.42 s of CPU for each batch of 24000 sightings and 360 transects (twin: 0.006 s), 42 % of a core.
import math
import os
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
import pandas as pd

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

TRANSECTS = [f"{county}-{number:03d}" for county in ("Kent", "Devon", "Fife", "Powys") for number in range(1, 91)]
SPECIES = ["terrestris", "lapidarius", "pascuorum", "hortorum", "pratorum", "lucorum", "hypnorum", "monticola"]
CASTES = ["worker", "queen", "male"]
HEADER = struct.Struct("!II")
ROW = np.dtype([("transect", "<i2"), ("species", "i1"), ("caste", "i1"), ("second", "<i2")])


@dataclass(slots=True)
class Line:
    transect: str
    sightings: int
    species: int
    shannon: float
    queens: int


def walkers(connection, rows=24000, period=1.0):
    """Send a batch each period; what is seen is drawn anew."""
    random = np.random.default_rng(1950)
    number = 0
    due = time.monotonic()
    while True:
        batch = np.empty(rows, ROW)
        batch["transect"] = random.integers(0, len(TRANSECTS), rows)
        batch["species"] = np.minimum(random.geometric(0.35, rows) - 1, len(SPECIES) - 1)
        batch["caste"] = random.choice(3, rows, p=[0.8, 0.08, 0.12])
        batch["second"] = random.integers(0, 3600, rows)
        connection.sendall(HEADER.pack(number, rows) + batch.tobytes())
        number += 1
        due = max(due + period, time.monotonic())
        time.sleep(due - time.monotonic())


def receive(stream):
    number, rows = HEADER.unpack(stream.read(HEADER.size))
    batch = np.frombuffer(stream.read(rows * ROW.itemsize), ROW)
    frame = pd.DataFrame(
        {
            "transect": np.array(TRANSECTS, dtype=object)[batch["transect"]],
            "species": batch["species"],
            "caste": batch["caste"],
            "second": batch["second"],
        }
    )
    return number, frame[frame["second"] >= 30]  # (the first half minute is for walking in)


def shannon(counts):
    total = counts.sum()
    return -sum(n / total * math.log(n / total) for n in counts.tolist() if n)


def summarise(sightings):
    lines = []
    for transect in TRANSECTS:
        seen = sightings[sightings["transect"] == transect]  # <- cost
        if seen.empty:
            continue
        counts = np.bincount(seen["species"].to_numpy(), minlength=len(SPECIES))
        queens = int((seen["caste"].to_numpy() == CASTES.index("queen")).sum())
        lines.append(Line(transect, len(seen), int((counts > 0).sum()), shannon(counts), queens))
    return lines


class Season:
    """The last batches' lines, and the mean of the index over all of them."""

    def __init__(self, kept=30):
        self.batches = deque(maxlen=kept)
        self.mean = 0.0
        self.number = 0

    def add(self, lines):
        self.batches.append(lines)
        for line in lines:
            self.number += 1
            self.mean += (line.shannon - self.mean) / self.number

    def poorest(self, number=5):
        latest = self.batches[-1]
        return [line.transect for line in sorted(latest, key=lambda line: line.shannon)[:number]]


def main():
    here, there = socket.socketpair()

    def send():
        here.close()
        walkers(there)

    outside(send)
    there.close()
    stream = here.makefile("rb", buffering=1 << 18)
    season = Season()
    number, sightings = receive(stream)
    season.add(summarise(sightings))
    print("ready", flush=True)
    while True:
        number, sightings = receive(stream)
        began = time.process_time()
        season.add(summarise(sightings))
        if os.environ.get("BATCH_TIMES"):
            print(
                f"batch {number}: {time.process_time() - began:.3f} s of CPU, poorest {season.poorest()}, "
                f"mean {season.mean:.6f}",
                file=sys.stderr,
                flush=True,
            )


if __name__ == "__main__":
    main()
