# expect: pattern=hot-loop bench
"""The timing room of a velodrome: loops under the track note when a transponder passes, and a periodic job works out
from the passages of the last minutes what the coaches look at: split times, speeds, and who rode behind whom.

A service of three threads around pandas: the loops' decoder, the job (every second), the coaches' screens.

Measured: the job takes 0.28 s of CPU over 7000 passages, each second (0.2 to 0.3 cores); in the twin 0.02 s.
"""

import os
import queue
import random
import threading
import time
from collections import deque

import pandas as pd

TRACK_M = 250
LOOPS = {0: "start", 1: "pursuit A", 2: "200 m", 3: "pursuit B"}
DISTANCE = {0: 0, 1: 62.5, 2: 125.0, 3: 187.5}
RIDERS = 40
KEPT = 8000
PERIOD = 1.0
SLIPSTREAM_S = 0.6


class Decoder(threading.Thread):
    """Reads the passages off the loops; here it rides the riders itself."""

    def __init__(self, out):
        super().__init__(name="decoder", daemon=True)
        self.out = out
        self.clock = 0.0
        self.next = {rider: (random.uniform(0, 5), 0, random.uniform(11, 16)) for rider in range(RIDERS)}

    def ride(self, seconds):
        """The passages of the next ``seconds``, in order of time."""
        self.clock += seconds
        passed = []
        for rider, (at, loop, speed) in self.next.items():
            while at < self.clock:
                passed.append((at, rider, loop, round(random.gauss(0, 0.002), 4)))
                speed = min(19, max(9, speed + random.gauss(0, 0.4)))
                at += TRACK_M / len(LOOPS) / speed
                loop = (loop + 1) % len(LOOPS)
            self.next[rider] = at, loop, speed
        return sorted(passed)

    def run(self):
        self.out.put(self.ride(800))
        while True:
            time.sleep(0.25)
            self.out.put(self.ride(0.25))


class Roster:
    """Which rider belongs to which squad and wears which gear."""

    def __init__(self):
        squads = ["sprint", "pursuit", "madison", "juniors"]
        self.frame = pd.DataFrame(
            {
                "rider": range(RIDERS),
                "squad": [squads[n % 4] for n in range(RIDERS)],
                "rollout_m": [6.8 + n % 9 * 0.15 for n in range(RIDERS)],
            }
        )


class SplitTimes:
    """From passages to splits: time, speed and cadence since the loop before."""

    def __init__(self, roster):
        self.roster = roster

    def prepare(self, passages):
        frame = pd.DataFrame(passages, columns=["at", "rider", "loop", "jitter"])
        frame["at"] = frame["at"] - frame["jitter"]
        return frame.merge(self.roster.frame, on="rider").sort_values("at", ignore_index=True)

    def between(self, before, after):
        travelled = (DISTANCE[after["loop"]] - DISTANCE[before["loop"]]) % TRACK_M
        return travelled, after["at"] - before["at"]

    def splits(self, frame):
        seen, rows = {}, []
        for _, passage in frame.iterrows():  # <- cost
            before = seen.get(passage["rider"])
            seen[passage["rider"]] = passage
            if before is None:
                continue
            travelled, seconds = self.between(before, passage)
            speed = travelled / seconds
            rows.append(
                {
                    "at": passage["at"],
                    "rider": passage["rider"],
                    "squad": passage["squad"],
                    "loop": passage["loop"],
                    "seconds": seconds,
                    "speed": speed * 3.6,
                    "cadence": speed / passage["rollout_m"] * 60,
                }
            )
        return pd.DataFrame(rows)


class Drafting:
    """Who passes a loop within half a second behind another rides in that one's slipstream."""

    def mark(self, splits):
        ordered = splits.sort_values(["loop", "at"])
        gap = ordered.groupby("loop")["at"].diff()
        ordered["drafting"] = gap < SLIPSTREAM_S
        return ordered.sort_values("at", ignore_index=True)


class Report:
    """What the screens show."""

    def __init__(self, splits):
        self.riders = splits.groupby("rider").agg(
            best=("speed", "max"), mean=("speed", "mean"), cadence=("cadence", "mean"), behind=("drafting", "mean")
        )
        self.squads = splits.groupby(["squad", "loop"])["seconds"].median().unstack()
        self.fastest = splits.nlargest(5, "speed")[["rider", "loop", "speed"]].to_dict("records")
        self.splits = len(splits)


class TimingRoom:
    def __init__(self):
        self.arrived = queue.SimpleQueue()
        self.passages = deque(maxlen=KEPT)
        self.times = SplitTimes(Roster())
        self.drafting = Drafting()
        self.report = None
        self.runs = 0
        self.first = threading.Event()

    def collect(self):
        while not self.arrived.empty():
            self.passages.extend(self.arrived.get())

    def evaluate(self):
        self.collect()
        frame = self.times.prepare(self.passages)
        splits = self.times.splits(frame)
        self.report = Report(self.drafting.mark(splits))
        self.runs += 1

    def work(self):
        due = time.monotonic()
        while True:
            self.evaluate()
            self.first.set()
            due = max(due + PERIOD, time.monotonic())
            time.sleep(max(0, due - time.monotonic()))

    def screens(self):
        """The coaches' screens turn their pages."""
        page = 0
        while True:
            time.sleep(1)
            report = self.report
            if report is not None:
                page = (page + 1) % len(report.squads)
                report.squads.iloc[page].round(3).to_dict()


def main():
    room = TimingRoom()
    Decoder(room.arrived).start()
    while room.arrived.empty():
        time.sleep(0.05)
    threading.Thread(target=room.work, name="job", daemon=True).start()
    threading.Thread(target=room.screens, name="screens", daemon=True).start()
    room.first.wait(2)
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
