# expect: healthy bench
"""Watches the lamps of a town's traffic lights: their currents come in ten times a second for each junction, a small crew
of threads filters them, and a lamp that draws too little for a while is put on the list of the lorry that changes it.

Measured: 200 junctions, 96 lamps each; 25 µs of a core for the frame of a junction, 2,000 frames a second.
"""

import os
import random
import struct
import threading
import time
from array import array
from collections import OrderedDict, deque
from pathlib import Path

JUNCTIONS, LAMPS = 200, 96
FRAME = struct.Struct(f"!HI{LAMPS}H")
TICK = 0.1


class Street:
    """Makes the frames: currents in milliamperes, a lamp that is off draws none."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self._weak = [set() for _ in range(JUNCTIONS)]
        for _ in range(250):
            self._chance.choice(self._weak).add(self._chance.randrange(LAMPS))
        self._noise = [self._chance.randint(-6, 6) for _ in range(4096)]

    def frame(self, junction, tick):
        start = self._chance.randrange(4096 - LAMPS)
        lit = tick // 70 % 3
        currents = [
            200 + noise if lamp % 3 == lit else 0 for lamp, noise in enumerate(self._noise[start : start + LAMPS])
        ]
        for lamp in self._weak[junction]:
            if currents[lamp]:
                currents[lamp] -= 80
        return FRAME.pack(junction, tick, *currents)


class Inbox:
    """Frames that wait; the oldest are dropped when the crew does not keep up."""

    def __init__(self, most):
        self._frames = deque()
        self._most = most
        self._some = threading.Condition()
        self.dropped = 0

    def put(self, frames):
        with self._some:
            self._frames.extend(frames)
            while len(self._frames) > self._most:
                self._frames.popleft()
                self.dropped += 1
            self._some.notify_all()

    def take(self, most):
        with self._some:
            while not self._frames:
                self._some.wait()
            return [self._frames.popleft() for _ in range(min(most, len(self._frames)))]


class Names:
    """Readable names of lamps, for the list; those that were asked for last."""

    def __init__(self, most=256):
        self._kept = OrderedDict()
        self._most = most

    def of(self, junction, lamp):
        key = junction, lamp
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        colour = ("red", "amber", "green")[lamp % 3]
        name = self._kept[key] = f"junction {junction:02}, mast {lamp // 12 + 1}, {colour} {lamp // 3 % 4 + 1}"
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return name


class Junction:
    """The filtered currents of one, in one block, and since when each lamp has been weak."""

    def __init__(self):
        self.mutex = threading.Lock()
        self._mean = array("d", [200.0]) * LAMPS
        self._weak_since = array("l", [-1]) * LAMPS

    def take(self, tick, currents):
        """The lamps that have just been weak for 5 s."""
        due = []
        mean, weak_since = self._mean, self._weak_since
        for lamp, current in enumerate(currents):
            if current < 20:
                continue
            value = mean[lamp] = 0.9 * mean[lamp] + 0.1 * current
            if value > 150:
                weak_since[lamp] = -1
            elif weak_since[lamp] < 0:
                weak_since[lamp] = tick
            elif tick - weak_since[lamp] == 50:
                due.append(lamp)
        return due


class Watch:
    def __init__(self, inbox):
        self._inbox = inbox
        self._junctions = [Junction() for _ in range(JUNCTIONS)]
        self._mutex = threading.Lock()
        self._names = Names()
        self.due = deque(maxlen=100)
        self.frames = 0

    def work(self):
        while True:
            frames = self._inbox.take(12)
            for frame in frames:
                number, tick, *currents = FRAME.unpack(frame)
                junction = self._junctions[number]
                with junction.mutex:
                    due = junction.take(tick, currents)
                if due:
                    with self._mutex:
                        self.due.extend(self._names.of(number, lamp) for lamp in due)
            with self._mutex:
                self.frames += len(frames)

    def report(self):
        with self._mutex:
            return [f"{self.frames} frames", *self.due]


def feed(street, inbox):
    """A frame of every junction at each tick; a late tick is not made up for."""
    due, tick = time.monotonic(), 0
    while True:
        inbox.put([street.frame(junction, tick) for junction in range(JUNCTIONS)])
        tick += 1
        due = max(due + TICK, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    inbox = Inbox(JUNCTIONS * 20)
    watch = Watch(inbox)
    for number in range(3):
        threading.Thread(target=watch.work, name=f"crew-{number}", daemon=True).start()
    threading.Thread(target=feed, args=(Street(4), inbox), name="feed", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        Path("lamps.txt").write_text("\n".join([*watch.report(), f"{inbox.dropped} frames dropped"]))


if __name__ == "__main__":
    main()
