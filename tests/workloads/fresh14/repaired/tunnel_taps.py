# expect: healthy bench
"""Data desk of a wind tunnel: the scanner's frames (one value a pressure tap) go over a bus inside the program to those
who watch the run: balance, drift, limits, spectra, the run's archive and the wall display.

Measured: 7 % of a core (with a decoding for each watcher 24 %, and not all frames are taken).
"""

import json
import math
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque
from pathlib import Path
from queue import Empty, Full, Queue

TAPS = 420
FRAMES_A_SECOND = 500


class Bus:
    """Brings what is published on a topic to all who subscribed to it, one after the other."""

    def __init__(self):
        self._subscribers = defaultdict(list)
        self.failed = 0

    def subscribe(self, topic, take):
        self._subscribers[topic].append(take)

    def publish(self, topic, message):
        for take in self._subscribers[topic]:
            try:
                take(message)  # (to be read only)
            except (KeyError, IndexError, ZeroDivisionError):
                self.failed += 1


class Balance:
    """Lift and drag from the taps, by the area that each stands for."""

    def __init__(self, chord):
        self.weights = [math.cos(math.pi * tap / TAPS) * chord / TAPS for tap in range(TAPS)]
        self.lift = deque(maxlen=600)

    def take(self, frame):
        self.lift.append(sum(map(float.__mul__, frame["taps"], self.weights)) / frame["dynamic"])


class Drift:
    """The zero of the scanner, by its reference taps."""

    def __init__(self, references):
        self.references = references
        self.zero = dict.fromkeys(references, 0.0)

    def take(self, frame):
        taps = frame["taps"]
        for tap in self.references:
            self.zero[tap] += 0.01 * (taps[tap] - self.zero[tap])


class Limits:
    def __init__(self, highest):
        self.highest = highest
        self.alarms = deque(maxlen=100)

    def take(self, frame):
        most = max(frame["taps"])
        if most > self.highest:
            self.alarms.append((frame["number"], frame["taps"].index(most), most))


class Probe:
    """Keeps the last second of one tap for the spectra."""

    def __init__(self, tap):
        self.tap = tap
        self.values = deque(maxlen=FRAMES_A_SECOND)

    def take(self, frame):
        self.values.append(frame["taps"][self.tap])

    def rms(self):
        mean = sum(self.values) / len(self.values)
        return math.sqrt(sum((value - mean) ** 2 for value in self.values) / len(self.values))


class Archive:
    """The last frames of the run in a file that is written round and round, as the run's owners read it."""

    def __init__(self, folder, limit=16 << 20):
        self.file = open(folder / "run.ndjson", "w", encoding="utf-8", buffering=1 << 18)
        self.limit = limit

    def take(self, frame):
        if frame["number"] % 50 == 0:
            self.file.write(json.dumps(frame) + "\n")
            if self.file.tell() > self.limit:
                self.file.seek(0)


class Display:
    """What the wall display shows: a few numbers, ten times a second."""

    def __init__(self, balance, probes):
        self.balance = balance
        self.probes = probes
        self.text = ""

    def take(self, frame):
        if frame["number"] % (FRAMES_A_SECOND // 10) == 0:
            shown = [f"run {frame['run']}", f"q {frame['dynamic']:.1f}", f"lift {self.balance.lift[-1]:+.4f}"]
            shown += [f"tap {probe.tap}: {probe.rms():.2f}" for probe in self.probes]
            self.text = "  ".join(shown)


class Scanner(threading.Thread):
    """The scanner's own frames, as its driver hands them on; it drops what nobody fetches."""

    def __init__(self, frames):
        super().__init__(name="scanner", daemon=True)
        self.frames = frames
        dice = random.Random(11)
        self.stock = [[round(dice.gauss(101.3, 4.0), 3) for _ in range(TAPS)] for _ in range(64)]

    def run(self):
        due = time.monotonic()
        for number in range(1 << 40):
            frame = {
                "run": "N-2217",
                "number": number,
                "time": time.time(),
                "dynamic": 880.0 + number % 9,
                "taps": self.stock[number % 64],
            }
            try:
                self.frames.put_nowait(frame)
            except Full:
                pass
            due = max(due + 1 / FRAMES_A_SECOND, time.monotonic() - 0.2)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    bus = Bus()
    balance = Balance(0.42)
    probes = [Probe(tap) for tap in (12, 77, 145, 290, 401)]
    folder = Path(tempfile.mkdtemp(prefix="tunnel-"))
    watchers = [balance, Drift(range(0, TAPS, 60)), Limits(118.0), *probes, Archive(folder), Display(balance, probes)]
    for watcher in watchers:
        bus.subscribe("frame", watcher.take)
    frames = Queue(maxsize=200)
    Scanner(frames).start()
    print("ready", os.getpid(), flush=True)
    while not ended.is_set():
        try:
            bus.publish("frame", frames.get(timeout=0.5))
        except Empty:
            print("the scanner is silent", file=sys.stderr)


if __name__ == "__main__":
    main()
