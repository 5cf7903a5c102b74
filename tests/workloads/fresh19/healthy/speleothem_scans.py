# bench: healthy
# Counts the yearly laminae in scans of stalagmite slices: a scanner sends a rack of eight slices every 1.6 s, they are
# received straight into shared memory and handed to two standing workers (numpy); the parent only passes numbers on and
# adds the results to a table, written once for each rack. Bursty: the workers rest between racks.
import csv
import mmap
import multiprocessing
import os
import socket
import struct
import sys
import time
from collections import deque

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

ROWS, COLUMNS = 96, 8192
SLICE = ROWS * COLUMNS
RACK = 8
HEADER = struct.Struct("!II")

memory = None
window = None


def open_slots(slots):
    global memory, window
    memory = slots
    window = np.hanning(COLUMNS).astype("f4")


def count_laminae(slot):
    """Number of laminae along the growth axis, their mean width and how sure that is."""
    scan = np.ndarray((ROWS, COLUMNS), dtype="u1", buffer=memory, offset=slot * SLICE)
    grey = scan.astype("f4")
    grey -= grey.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(grey * window, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=0)
    band = power[40:1200]
    strongest = int(band.argmax()) + 40
    spectrum[:, : strongest // 2] = 0
    spectrum[:, strongest * 2 :] = 0
    profile = np.median(np.fft.irfft(spectrum, n=COLUMNS, axis=1), axis=0)
    rising = np.flatnonzero((profile[:-1] < 0) & (profile[1:] >= 0))
    widths = np.diff(rising)
    return slot, len(rising), float(widths.mean()), float(band.max() / band.mean())


class Table:
    """The results of all slices; a rack is written at once. Begins anew after 20000 lines."""

    def __init__(self, path):
        self.path = path
        self.recent = deque(maxlen=400)
        self.lines = 0
        self.file = open(path, "w", newline="")
        self.writer = csv.writer(self.file)

    def add(self, rack, results):
        if self.lines > 20000:
            self.file.seek(0)
            self.file.truncate()
            self.lines = 0
        self.writer.writerows(
            (rack, slot, count, f"{width:.2f}", f"{sure:.1f}") for slot, count, width, sure in results
        )
        self.file.flush()
        self.lines += len(results)
        self.recent.extend(width for _, _, width, _ in results)

    def mean_width(self):
        return sum(self.recent) / len(self.recent) if self.recent else 0.0


def receive(connection, view):
    while len(view):
        taken = connection.recv_into(view)
        if not taken:
            raise SystemExit("the scanner is gone")
        view = view[taken:]


def scanner(port):
    rng = np.random.default_rng(5)
    along = np.arange(COLUMNS)
    slices = []
    for _ in range(RACK):
        years = np.cumsum(rng.normal(1.0, 0.15, COLUMNS)) / rng.integers(28, 60)
        grey = 120 + 40 * np.sin(2 * np.pi * years) + 15 * np.sin(along / 900)
        slices.append(np.clip(grey[None, :] + rng.normal(0, 12, (ROWS, COLUMNS)), 0, 255).astype("u1").tobytes())
    rack = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while True:
            began = time.monotonic()
            rack += 1
            connection.sendall(HEADER.pack(rack, RACK))
            for one in slices:
                connection.sendall(one)
            time.sleep(max(0.1, 1.6 - (time.monotonic() - began)))


def main():
    slots = mmap.mmap(-1, RACK * SLICE)
    view = memoryview(slots)
    listener = socket.create_server(("127.0.0.1", 0))
    outside(lambda: scanner(listener.getsockname()[1]))
    workers = multiprocessing.Pool(2, open_slots, (slots,))
    connection, _ = listener.accept()
    table = Table("laminae.csv")
    header = bytearray(HEADER.size)
    while True:
        receive(connection, memoryview(header))
        rack, slices = HEADER.unpack(header)
        pending = []
        for slot in range(slices):
            receive(connection, view[slot * SLICE : (slot + 1) * SLICE])
            pending.append(workers.apply_async(count_laminae, (slot,)))
        table.add(rack, [one.get() for one in pending])
        if rack == 2:
            print("ready", flush=True)


if __name__ == "__main__":
    main()
