# expect: healthy bench
# Counts spores on slides: walkers follow the catalogues of the air samplers, in which each page names the next (it cannot
# be asked for before), and put slides into a bounded queue for the one microscope, which takes 60 ms for a slide, however
# many ask; nobody waits for a slide, so the queue is full most of the time and the walkers rest. The counts go to the
# ledger, a batch and a sync every two seconds: what is lost in a power cut is counted again.
#
# Measured: MEASURED
import http.client
import json
import logging
import os
import queue
import random
import sys
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

SAMPLERS = 3
EXPOSURE = 0.06
FLUSH = 2.0
GENERA = ("alternaria", "cladosporium", "aspergillus", "ganoderma", "ustilago")


def catalogue(path):
    """A page of a sampler's catalogue: a few slides, and where the next page is."""
    time.sleep(0.02)
    sampler, page = path.strip("/").split("/")[1:]
    dice = random.Random(path)
    slides = [{"slide": f"{sampler}.{page}.{at}", "seed": dice.randrange(1 << 30)} for at in range(4)]
    return json.dumps({"slides": slides, "next": f"/catalogue/{sampler}/{dice.randrange(1 << 30):x}"}).encode()


@dataclass(frozen=True)
class Slide:
    name: str
    seed: int


class Walker(threading.Thread):
    """Follows the catalogue of one sampler."""

    def __init__(self, port, sampler, slides):
        super().__init__(name=f"walker {sampler}", daemon=True)
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        self.page = f"/catalogue/{sampler}/0"
        self.slides = slides

    def run(self):
        while True:
            self.line.request("GET", self.page)
            told = json.loads(self.line.getresponse().read())
            for entry in told["slides"]:
                self.slides.put(Slide(entry["slide"], entry["seed"]))
            self.page = told["next"]


class Microscope:
    """The device. Its stage holds one slide: whoever uses it keeps it for the exposure."""

    def __init__(self):
        self.stage = threading.Lock()

    def expose(self, slide):
        with self.stage:
            time.sleep(EXPOSURE)
            return random.Random(slide.seed).choices(GENERA, weights=(4, 9, 5, 2, 1), k=80)


class Ledger(threading.Thread):
    """Appends the counts, many with one sync."""

    def __init__(self, path):
        super().__init__(name="ledger", daemon=True)
        self.path = path
        self.lock = threading.Lock()
        self.pending = []
        self.written = self.syncs = 0

    def add(self, slide, counts):
        with self.lock:
            self.pending.append({"slide": slide.name, **counts})

    def run(self):
        with open(self.path, "a", encoding="utf-8") as out:
            while True:
                time.sleep(FLUSH)
                with self.lock:
                    batch, self.pending = self.pending, []
                if not batch:
                    continue
                out.write("".join(json.dumps(entry) + "\n" for entry in batch))
                out.flush()
                os.fsync(out.fileno())
                self.written += len(batch)
                self.syncs += 1


class Counting(threading.Thread):
    """Takes slides from the queue, has them exposed, and counts what is seen. While one of the two counts, the other's
    slide is exposed."""

    def __init__(self, number, slides, microscope, ledger, recent):
        super().__init__(name=f"counting {number}", daemon=True)
        self.slides, self.microscope, self.ledger, self.recent = slides, microscope, ledger, recent

    def run(self):
        while True:
            slide = self.slides.get()
            seen = self.microscope.expose(slide)
            counts = Counter(seen)
            self.recent.append(counts["alternaria"])
            self.ledger.add(slide, counts)
            self.slides.task_done()


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    port = services.http_service(catalogue)
    slides = queue.Queue(maxsize=24)
    microscope, ledger, recent = Microscope(), Ledger("ledger.jsonl"), deque(maxlen=500)
    ledger.start()
    for number in range(2):
        Counting(number, slides, microscope, ledger, recent).start()
    for sampler in range(SAMPLERS):
        Walker(port, f"sampler-{sampler}", slides).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        mean = sum(recent) / max(1, len(recent))
        said = "%d slides in %d syncs, %d wait, alternaria %.1f, cpu %.1f s"
        logging.info(said, ledger.written, ledger.syncs, slides.qsize(), mean, time.process_time())


if __name__ == "__main__":
    main()
