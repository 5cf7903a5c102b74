# expect: pattern=process-churn bench
"""Reduces the field books of a land surveyor's crews: each set-up of a total station is oriented by the office's old
awk program, which gives the coordinates of the points that were shot; points seen from several set-ups are averaged,
and those whose sightings disagree are told.
Measured: a day of 60 set-ups takes 92 ms, most of it to start awk; 10 ms in the twin.
"""

import math
import os
import random
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

SETUPS = 60
SHOTS = 12
CREWS = ["Harlan", "Moreau", "Okafor"]
DAY_EVERY = 0.4  # seconds
TOLERANCE = 0.03  # metres

REDUCE = r"""
# S station east north back_east back_north circle     a set-up, and its orientation
# P point circle zenith slope                           a shot (angles in gon, distance in metres)
$1 == "S" { e = $3; n = $4; o = atan2($5 - e, $6 - n) - $7 * pi / 200; station = $2 }
$1 == "P" {
    h = $5 * sin($4 * pi / 200); a = o + $3 * pi / 200
    printf "%s %s %.4f %.4f %.4f\n", station, $2, e + h * sin(a), n + h * cos(a), $5 * cos($4 * pi / 200)
}
"""


@dataclass(frozen=True)
class Station:
    name: str
    east: float
    north: float


@dataclass
class Setup:
    station: Station
    back: Station
    circle: float
    shots: list

    def lines(self):
        here, back = self.station, self.back
        yield f"S {here.name} {here.east} {here.north} {back.east} {back.north} {self.circle:.4f}"
        for point, circle, zenith, slope in self.shots:
            yield f"P {point} {circle:.4f} {zenith:.4f} {slope:.3f}"


def gon(radians):
    return radians * 200 / math.pi % 400


class FieldBook:
    """A day of one crew, as its instrument recorded it."""

    def __init__(self, day, crew):
        self.crew = crew
        self.day = day
        chance = random.Random(f"{day} {crew}")
        stations = [
            Station(f"{crew[0]}{number:03}", 4000 + number * 31.5, 7000 + chance.uniform(-40, 40))
            for number in range(SETUPS + 1)
        ]
        self.setups = [self._shoot(chance, number, stations[number], stations[number + 1]) for number in range(SETUPS)]

    def _shoot(self, chance, number, here, back):
        circle = chance.uniform(0, 400)
        orientation = math.atan2(back.east - here.east, back.north - here.north) - circle * math.pi / 200
        shots = []
        for shot in range(SHOTS):
            # two set-ups in a row share half of their points
            point = number * SHOTS // 2 + shot
            east, north, up = 4000 + point * 5.3, 7100 + point * 13 % 50, math.sin(point) * 4
            level = math.hypot(east - here.east, north - here.north)
            bearing = math.atan2(east - here.east, north - here.north)
            slope = math.hypot(level, up) + chance.gauss(0, 0.006)
            shots.append((point, gon(bearing - orientation), gon(math.atan2(level, up)), slope))
        return Setup(here, back, circle, shots)


class Office:
    def __init__(self, folder):
        self.folder = folder
        self.program = folder / "reduce.awk"
        self.program.write_text(f"BEGIN {{ pi = {math.pi!r} }}\n{REDUCE}")
        self.days = 0
        self.spent = 0.0

    def run_awk(self, lines):
        text = "\n".join(lines) + "\n"
        done = subprocess.run(  # <- cost
            ["awk", "-f", str(self.program)], input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    def reduce(self, book):
        """The sightings of each point, as station, east, north and height."""
        seen = defaultdict(list)
        for setup in book.setups:
            for line in self.run_awk(setup.lines()):  # <- cost
                station, point, *place = line.split()
                seen[int(point)].append((station, *map(float, place)))
        return seen

    def settle(self, seen):
        """The mean of each point, and the points whose sightings lie too far from each other."""
        points, doubtful = {}, []
        for point, sightings in sorted(seen.items()):
            east, north, up = (fmean(sighting[axis] for sighting in sightings) for axis in (1, 2, 3))
            points[point] = east, north, up
            away = max(math.hypot(sighting[1] - east, sighting[2] - north) for sighting in sightings)
            if away > TOLERANCE:
                doubtful.append((point, away, [sighting[0] for sighting in sightings]))
        return points, doubtful

    def take(self, book):
        began = time.monotonic()
        seen = self.reduce(book)  # <- cost
        points, doubtful = self.settle(seen)
        self.spent += time.monotonic() - began
        self.days += 1
        listing = [f"{point:6} {east:12.3f} {north:12.3f} {up:8.3f}" for point, (east, north, up) in points.items()]
        listing += [f"check {point}: {away:.3f} m, from {' and '.join(names)}" for point, away, names in doubtful]
        (self.folder / f"{book.crew}.pts").write_text("\n".join(listing) + "\n")


def main():
    office = Office(Path(tempfile.mkdtemp(prefix="survey-")))
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        book = FieldBook(office.days, CREWS[office.days % len(CREWS)])
        office.take(book)  # <- cost
        if office.days % 5 == 0:
            mean = office.spent / office.days * 1000
            (office.folder / "office.txt").write_text(f"{office.days} days, {mean:.1f} ms each\n")
        due = max(due + DAY_EVERY, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
