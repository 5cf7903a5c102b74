# expect: healthy bench
# Takes recordings of harpsichord strings into a vault: the parent hears a take of a string now and then and puts it into
# one of a few slots of memory that it shares with two workers, which compress and sign it; only the number of the slot
# goes through the queue. Compressing and signing is what the program is for, and the work is done by zlib and hashlib,
# once for each take. The workers are processes because they also measure each take in Python.
#
# Measured: MEASURED
import array
import hashlib
import logging
import math
import mmap
import multiprocessing
import os
import random
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass

WORKERS = 2
SLOTS = 6
SAMPLES = 240_000
PERIOD = 0.3
RATE = 48000


@dataclass(frozen=True)
class Ticket:
    slot: int
    take: int
    length: int


@dataclass(frozen=True)
class Entry:
    """What the vault notes of a take."""

    slot: int
    take: int
    digest: str
    packed: int
    peak: int
    worker: int


def measure(samples):
    """The peak of each tenth of a second; the loudest of them."""
    step = RATE // 10
    return max(max(samples[at : at + step]) for at in range(0, len(samples), step))


def pack(data):
    signature = hashlib.sha256(data).hexdigest()
    return signature, zlib.compress(data, 6)


def work(number, memory, tickets, entries):
    """A worker: takes tickets until it is told to stop."""
    slots = memoryview(memory)
    size = 2 * SAMPLES
    while (ticket := tickets.get()) is not None:
        with slots[ticket.slot * size : ticket.slot * size + ticket.length] as data:
            signature, packed = pack(data)
            with data.cast("h") as samples:
                peak = measure(samples)
        entries.put(Entry(ticket.slot, ticket.take, signature, len(packed), peak, number))


class Strings:
    """The takes: plucked strings that fade, from a small stock, each at another level of noise."""

    def __init__(self):
        dice = random.Random(5)
        self.stock = [self._pluck(dice, 110 * 2 ** (at / 4)) for at in range(4)]

    @staticmethod
    def _pluck(dice, pitch):
        turn = 2 * math.pi * pitch / RATE
        wave = [math.sin(turn * at) + 0.4 * math.sin(3 * turn * at) for at in range(RATE)]
        noise = [dice.randint(-40, 40) for _ in range(RATE)]
        return array.array("h", (int(12000 * wave[at] * math.exp(-at / 16000)) + noise[at] for at in range(RATE)))

    def take(self, number):
        """Five seconds: the string, plucked five times."""
        return (self.stock[number % 4] * (SAMPLES // RATE)).tobytes()


class Vault:
    def __init__(self):
        fork = multiprocessing.get_context("fork")  # (the workers inherit the memory)
        self.memory = mmap.mmap(-1, SLOTS * SAMPLES * 2)
        self.tickets = fork.SimpleQueue()
        self.entries = fork.SimpleQueue()
        self.free = threading.Semaphore(SLOTS)
        self.slots = deque(range(SLOTS))
        self.register = deque(maxlen=1000)
        self.taken = self.packed = 0
        arguments = (self.memory, self.tickets, self.entries)
        self.workers = [fork.Process(target=work, args=(number, *arguments), daemon=True) for number in range(WORKERS)]
        for worker in self.workers:
            worker.start()

    def file(self, number, data):
        self.free.acquire()
        slot = self.slots.popleft()
        self.memory[slot * SAMPLES * 2 : slot * SAMPLES * 2 + len(data)] = data
        self.tickets.put(Ticket(slot, number, len(data)))

    def note(self):
        """Notes what the workers have done, and gives their slots free."""
        while True:
            entry = self.entries.get()
            self.register.append(entry)
            self.taken += 1
            self.packed += entry.packed
            self.slots.append(entry.slot)
            self.free.release()


def hear(vault, strings):
    due = time.monotonic()
    number = 0
    while True:
        number += 1
        vault.file(number, strings.take(number))
        due = max(due + PERIOD, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    vault = Vault()
    strings = Strings()
    threading.Thread(target=vault.note, daemon=True).start()
    threading.Thread(target=hear, args=(vault, strings), daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        share = vault.packed / max(1, vault.taken * SAMPLES * 2)
        logging.info("%d takes, packed to %.0f %%, cpu %.1f s here", vault.taken, 100 * share, time.process_time())


if __name__ == "__main__":
    main()
