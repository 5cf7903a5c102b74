# expect: pattern=memory-growth bench
# Listens to crickets: posts in the meadows send each chirp that they hear as a clip of samples; the hall finds its pitch
# and its pulses, names the species, and answers the post, which may ask for a second opinion while the clip is open.
#
# Measured: MEASURED
import array
import itertools
import json
import logging
import math
import os
import random
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

POSTS = 4
RATE = 16000
SAMPLES = 24000
PERIOD = 0.1
HEAD = struct.Struct("!IIf")  # post, samples, temperature
SPECIES = {"field cricket": 4800, "wood cricket": 4100, "bush cricket": 6900, "mole cricket": 1600}


class Clip:
    """A chirp under study."""

    def __init__(self, serial, post, temperature, samples):
        self.serial, self.post, self.temperature = serial, post, temperature
        self.samples = samples
        self.opinions = []

    def pitch(self, first, count):
        """From the crossings of zero in a part of the clip."""
        part = self.samples[first : first + count]
        crossings = sum(a < 0 <= b for a, b in itertools.pairwise(part))
        return crossings * RATE / count


class Study:
    """The clips that are open, by serial for opinions and by post for the overview."""

    def __init__(self):
        self.lock = threading.Lock()
        self.serials = itertools.count(1)
        self.by_serial = {}
        self.by_post = {}
        self.heard = Counter()
        self.closed = 0

    def open(self, post, temperature, samples):
        clip = Clip(next(self.serials), post, temperature, samples)
        with self.lock:
            self.by_serial[clip.serial] = clip  # <- cost
            self.by_post.setdefault(post, {})[clip.serial] = clip
        return clip

    def opinion(self, serial, first):
        """One more look at an open clip."""
        with self.lock:
            clip = self.by_serial[serial]
        pitch = clip.pitch(first, 400) - 60 * (clip.temperature - 20)
        clip.opinions.append(min(SPECIES, key=lambda name: abs(SPECIES[name] - pitch)))

    def close(self, clip):
        """The species that most opinions name; the study of the clip is over."""
        species, _ = Counter(clip.opinions).most_common(1)[0]
        with self.lock:
            self.heard[species] += 1
            self.closed += 1
            del self.by_post[clip.post][clip.serial]
        return species

    def overview(self):
        with self.lock:
            return {"open": sum(map(len, self.by_post.values())), "closed": self.closed, **self.heard}


class Post(socketserver.StreamRequestHandler):
    """The line of one post: clips come in, species go out."""

    disable_nagle_algorithm = True
    study = None

    def handle(self):
        while head := self.rfile.read(HEAD.size):
            post, count, temperature = HEAD.unpack(head)
            samples = array.array("h")
            samples.frombytes(self.rfile.read(2 * count))
            clip = self.study.open(post, temperature, samples)
            for first in (2000, 9000, 16000):
                self.study.opinion(clip.serial, first)
            species = self.study.close(clip)
            self.wfile.write(json.dumps({"serial": clip.serial, "species": species}).encode() + b"\n")


class Hall(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def post(port, number):
    """Sends what it hears: one of a few chirps that it knows, ten in a second."""
    dice = random.Random(number)
    known = []
    for name, pitch in SPECIES.items():
        turn = 2 * math.pi * (pitch + dice.randint(-90, 90)) / RATE
        known.append(array.array("h", (int(9000 * math.sin(turn * at)) for at in range(SAMPLES))).tobytes())
    line = socket.create_connection(("127.0.0.1", port))
    answers = line.makefile("rb")
    due = time.monotonic() + number * PERIOD / POSTS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due += PERIOD
        line.sendall(HEAD.pack(number, SAMPLES, dice.uniform(16, 24)) + dice.choice(known))
        if not answers.readline():
            return


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    study = Post.study = Study()
    hall = Hall(("127.0.0.1", 0), Post)
    for number in range(POSTS):
        services.outside(lambda number=number: post(hall.server_address[1], number))
    threading.Thread(target=hall.serve_forever, daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        logging.info("%s, %.0f MB, cpu %.1f s", study.overview(), resident, time.process_time())


if __name__ == "__main__":
    main()
