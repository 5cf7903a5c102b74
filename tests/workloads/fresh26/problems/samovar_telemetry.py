# expect: pattern=memory-growth bench
"""Telemetry of the samovars in the night trains: conductors' tablets send batches of readings, which are decoded, checked
and summed up by train; each batch is acknowledged with what was made of it. Tablets send a batch again when they lose the
line, and must then get the same acknowledgement.

Measured: resident memory grows from 21 to 48 MB in ten seconds (2.7 MB a second, without end) as it was; it stays at 21 MB
with the change.
"""

import json
import logging
import os
import queue
import random
import threading
import time
import uuid
from collections import defaultdict

BATCHES_PER_SECOND = 4000
TICK = 0.05
RESENT_SHARE = 0.02
RESENT_WITHIN = 1.5
TRAINS = [f"{number:03d}{letter}" for number in range(1, 61) for letter in "AZ"]
LOG_EVERY = 5.0

log = logging.getLogger("samovar")


class Line:
    """The line from the trains: puts batches as they arrive into the queue, some of them twice."""

    def __init__(self, inbox):
        self.inbox = inbox
        self.random = random.Random(1898)
        self.resend = []

    def run(self):
        due = time.monotonic()
        while True:
            now = time.monotonic()
            ready = [body for at, body in self.resend if at <= now]
            self.resend = [(at, body) for at, body in self.resend if at > now]
            for _ in range(int(BATCHES_PER_SECOND * TICK)):
                body = self.batch()
                ready.append(body)
                if self.random.random() < RESENT_SHARE:
                    self.resend.append((now + self.random.uniform(0.2, RESENT_WITHIN), body))
            self.inbox.put(ready)
            due = max(due + TICK, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))

    def batch(self):
        base = self.random.randrange(60, 98)
        readings = [[base + step % 3, step * 7 % 40] for step in range(12)]
        name = uuid.UUID(int=self.random.getrandbits(128)).hex
        return json.dumps({"batch": name, "train": self.random.choice(TRAINS), "readings": readings}).encode()


class Totals:
    def __init__(self):
        self.readings = defaultdict(int)
        self.litres = defaultdict(float)
        self.boiled_dry = 0

    def add(self, train, readings):
        self.readings[train] += len(readings)
        self.litres[train] += sum(level for _, level in readings) / 40
        self.boiled_dry += sum(1 for heat, level in readings if heat > 95 and level < 3)


class Receiver:
    def __init__(self, totals):
        self.totals = totals
        self.acknowledged = {}
        self.resent = 0

    def accept(self, body):
        message = json.loads(body)
        name = message["batch"]
        known = self.acknowledged.get(name)
        if known is not None:
            self.resent += 1
            return known
        readings = [pair for pair in message["readings"] if 0 <= pair[0] <= 120]
        self.totals.add(message["train"], readings)
        answer = self.answer(name, message["train"], readings)
        self.acknowledged[name] = answer  # <- cost
        return answer

    def answer(self, name, train, readings):
        accepted = [{"at": at, "heat": heat, "level": level} for at, (heat, level) in enumerate(readings)]
        return json.dumps({"batch": name, "train": train, "accepted": accepted, "state": "taken"}).encode()  # <- cost


class Uplink:
    """Sends the acknowledgements back to the tablets."""

    def __init__(self):
        self.sent = 0
        self.bytes = 0

    def send(self, answers):
        self.sent += len(answers)
        self.bytes += sum(map(len, answers))


def main():
    logging.basicConfig(filename="samovar.log", level=logging.INFO, format="%(asctime)s %(message)s")
    inbox = queue.Queue()
    receiver = Receiver(Totals())
    uplink = Uplink()
    threading.Thread(target=Line(inbox).run, name="line", daemon=True).start()
    began = time.monotonic()
    logged = began
    announced = False
    while True:
        bodies = inbox.get()
        uplink.send([receiver.accept(body) for body in bodies])
        now = time.monotonic()
        if not announced and now - began > 3:
            announced = True
            print("ready", os.getpid(), flush=True)
        if now - logged > LOG_EVERY:
            logged = now
            dry = receiver.totals.boiled_dry
            log.info("%d answered, %d of them again, %d boiled dry", uplink.sent, receiver.resent, dry)


if __name__ == "__main__":
    main()
