# expect: pattern=small-io bench
"""The recorder of a company of stilt walkers: insoles in the boots of the stilts send what presses where, and the
recorder keeps takes of it on disk, in a tagged format of its own, and tells the trainer who stumbles.

Measured: 36 000 samples a second; 39 % of a core, most of it some 540 000 writes of 1 to 4 bytes; in the
twin, which packs a record and writes 128 KiB at a time, 6 %.
"""

import os
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

STILTS = 60
SAMPLES_A_SECOND = 600  # of a stilt
SAMPLES_A_DATAGRAM = 60
CELLS = 12

HEAD = struct.Struct("<HHI")  # stilt, samples, sequence
SAMPLE = struct.Struct(f"<I{CELLS}H")
U8, U16, U32 = struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I")

TAG_BEGIN, TAG_SAMPLE, TAG_STEP, TAG_GAP, TAG_END = 1, 2, 3, 4, 5
LOADED, LIFTED = 9000, 4000


class BadDatagram(ValueError):
    pass


class TakeFile:
    """One take on disk: a row of tagged records, so that a reader can skip what it does not know."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "wb", buffering=0)  # <- cost
        self.size = 0

    def put(self, form, value):
        self.file.write(form.pack(value))  # <- cost
        self.size += form.size

    def begin(self, started):
        self.put(U8, TAG_BEGIN)
        self.put(U32, int(started))

    def sample(self, stilt, clock, cells):
        self.put(U8, TAG_SAMPLE)
        self.put(U16, stilt)
        self.put(U32, clock)
        for pressure in cells:  # <- cost
            self.put(U16, pressure)  # <- cost

    def step(self, stilt, clock, weight):
        self.put(U8, TAG_STEP)
        self.put(U16, stilt)
        self.put(U32, clock)
        self.put(U32, weight)

    def gap(self, stilt, missing):
        self.put(U8, TAG_GAP)
        self.put(U16, stilt)
        self.put(U16, min(missing, 65535))

    def sync(self):
        """What was put so far can be read by others after this."""
        self.file.flush()

    def close(self):
        self.put(U8, TAG_END)
        self.file.close()


class Archive:
    """The newest takes; older ones are for the backup to have fetched, and are removed."""

    def __init__(self, folder, keep=3, limit=16 << 20):
        self.folder, self.keep, self.limit = folder, keep, limit
        self.paths = deque()
        self.number = 0
        os.makedirs(folder, exist_ok=True)
        self.take = self.start()

    def start(self):
        self.number += 1
        take = TakeFile(os.path.join(self.folder, f"take-{self.number:05d}.stlt"))
        take.begin(time.time())
        self.paths.append(take.path)
        while len(self.paths) > self.keep:
            os.unlink(self.paths.popleft())
        return take

    def turn(self):
        if self.take.size > self.limit:
            self.take.close()
            self.take = self.start()
        self.take.sync()


@dataclass
class Walker:
    """What is known of one stilt."""

    stilt: int
    sequence: int | None = None
    loaded: bool = False
    since: int = 0
    steps: deque = field(default_factory=lambda: deque(maxlen=16))
    lost: int = 0

    def follow(self, sequence):
        """How many datagrams are missing before this one."""
        missing = 0 if self.sequence is None else (sequence - self.sequence - 1) & 0xFFFFFFFF
        self.sequence = sequence
        self.lost += missing
        return missing

    def tread(self, clock, weight):
        """Whether a step ends here."""
        if self.loaded:
            if weight < LIFTED:
                self.loaded = False
                self.steps.append(clock - self.since)
                return True
        elif weight > LOADED:
            self.loaded, self.since = True, clock
        return False

    def unsteady(self):
        if len(self.steps) < 4:
            return False
        mean = sum(self.steps) / len(self.steps)
        return max(abs(step - mean) for step in self.steps) > mean * 0.6


class Recorder:
    def __init__(self, archive):
        self.archive = archive
        self.walkers = {stilt: Walker(stilt) for stilt in range(STILTS)}
        self.samples = self.refused = 0

    def take_in(self, datagram):
        if len(datagram) < HEAD.size:
            raise BadDatagram("short")
        stilt, number, sequence = HEAD.unpack_from(datagram)
        walker = self.walkers.get(stilt)
        if walker is None or len(datagram) != HEAD.size + number * SAMPLE.size:
            raise BadDatagram(f"stilt {stilt}, {len(datagram)} bytes")
        take = self.archive.take
        missing = walker.follow(sequence)
        if missing:
            take.gap(stilt, missing)
        for clock, *cells in SAMPLE.iter_unpack(memoryview(datagram)[HEAD.size :]):
            take.sample(stilt, clock, cells)
            weight = sum(cells)
            if walker.tread(clock, weight):
                take.step(stilt, clock, weight)
        self.samples += number

    def trainer_sheet(self):
        unsteady = sorted(walker.stilt for walker in self.walkers.values() if walker.unsteady())
        lost = sum(walker.lost for walker in self.walkers.values())
        return f"{self.samples} samples, {lost} lost, {self.refused} refused, unsteady: {unsteady or 'nobody'}\n"

    def serve(self, line):
        due = time.monotonic() + 1
        while True:
            try:
                self.take_in(line.recv(4096))
            except BadDatagram:
                self.refused += 1
            now = time.monotonic()
            if now >= due:
                due = now + 1
                self.archive.turn()
                with open("trainer.txt", "w") as sheet:
                    sheet.write(self.trainer_sheet())


def parade(port):
    """The stilts, which walk on for ever, each at a pace of its own."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.connect(("127.0.0.1", port))
    phases = []
    for phase in range(60):
        pressed = [1800 if (phase + cell) % 60 < 34 else 150 for cell in range(CELLS)]
        phases.append([pressure + phase * 7 % 50 for pressure in pressed])
    due, sequence = time.monotonic(), 0
    while True:
        for stilt in range(STILTS):
            first = sequence * SAMPLES_A_DATAGRAM + stilt
            body = [SAMPLE.pack(clock, *phases[clock % 60]) for clock in range(first, first + SAMPLES_A_DATAGRAM)]
            line.send(HEAD.pack(stilt, SAMPLES_A_DATAGRAM, sequence) + b"".join(body))
            due += SAMPLES_A_DATAGRAM / SAMPLES_A_SECOND / STILTS
            time.sleep(max(0.0, due - time.monotonic()))
        due = max(due, time.monotonic() - 0.5)
        sequence += 1


def main():
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    line.bind(("127.0.0.1", 0))
    port = line.getsockname()[1]
    services.outside(lambda: parade(port))
    recorder = Recorder(Archive("takes"))
    until = time.monotonic() + 1
    while time.monotonic() < until:
        recorder.take_in(line.recv(4096))
    print(f"ready {os.getpid()}", flush=True)
    recorder.serve(line)


if __name__ == "__main__":
    main()
