# bench: healthy
"""The incubators of a tuatara hatchery: each incubator leaves a file of measurements every second; in rounds, this
program takes the files that have come, works out for each egg how far it has grown and whether it will be a male or a
female (which the warmth decides), and writes the sheet for the keepers.

A batch in rounds, with pandas. Looks costly, and is as it should be: it sleeps between the rounds and finds files
each time; every file is parsed, but only once, with the types given; the frames are put together once a round; what
is kept of an egg is one row.

Measured: 24 files (576,000 rows) a second, 0.14 cores in bursts; 110 MiB at rest.
"""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import numpy as np
import pandas as pd

import services

ROUND = 1.0
INCUBATORS = 24
EGGS = 40  # in each
SAMPLES = 600  # of each egg in a file
TYPES = {"egg": "int32", "second": "int64", "celsius": "float32", "humidity": "float32", "grams": "float32"}
PIVOTAL = 21.7  # degrees; males above


class BadFile(Exception):
    pass


@dataclass
class Round:
    files: int = 0
    refused: int = 0
    rows: int = 0


class Spool:
    """The folder where the incubators leave their files; a file has its name when it is complete."""

    def __init__(self, folder: Path):
        self.folder, self.refused = folder, folder / "refused"
        self.refused.mkdir(parents=True, exist_ok=True)

    def come(self) -> list[Path]:
        with os.scandir(self.folder) as found:
            return sorted(Path(entry.path) for entry in found if entry.name.endswith(".csv"))

    def read(self, path: Path) -> pd.DataFrame:
        try:
            frame = pd.read_csv(path, dtype=TYPES, usecols=list(TYPES), engine="c")
        except (ValueError, pd.errors.ParserError) as error:
            raise BadFile(f"{path.name}: {error}") from error
        if frame.empty or not frame["celsius"].between(5, 40).all():
            raise BadFile(f"{path.name}: no incubator is so warm")
        return frame

    def refuse(self, path: Path) -> None:
        """The latest that could not be read is kept, to look at."""
        path.replace(self.refused / "latest.csv")


class Clutch:
    """What is known of all eggs: a row each."""

    COLUMNS = ("seconds", "warmth", "dry", "grams", "shocks")

    def __init__(self, number: int):
        self.state = np.zeros((number, len(self.COLUMNS)))
        self.state[:, 3] = np.nan

    def add(self, measured: pd.DataFrame) -> None:
        if not measured["egg"].between(0, len(self.state) - 1).all():
            raise BadFile("an egg that nobody laid")
        measured = measured.assign(warmth=(measured["celsius"] - 12).clip(lower=0), dry=measured["humidity"] < 70)
        by_egg = measured.groupby("egg", sort=False)
        measured["shock"] = by_egg["celsius"].diff().abs() > 0.95
        sums = by_egg[["warmth", "dry", "shock"]].sum()
        at = sums.index.to_numpy()
        self.state[at, 0] += by_egg.size().to_numpy()
        self.state[at, 1:3] += sums[["warmth", "dry"]].to_numpy(dtype=float)
        self.state[at, 4] = 0.99 * self.state[at, 4] + sums["shock"].to_numpy(dtype=float)
        lightest = by_egg["grams"].median().to_numpy(dtype=float)
        before = self.state[at, 3]
        self.state[at, 3] = np.where(np.isnan(before), lightest, 0.9 * before + 0.1 * lightest)

    def sheet(self) -> pd.DataFrame:
        seen = self.state[:, 0] > 0
        sheet = pd.DataFrame(self.state[seen], columns=list(self.COLUMNS))
        sheet.insert(0, "egg", np.flatnonzero(seen))
        mean = 12 + sheet["warmth"] / sheet["seconds"]
        sheet["male"] = (1 / (1 + np.exp(-(mean - PIVOTAL) * 6))).round(3)
        sheet["grown"] = (sheet["warmth"] / 9.5e5).clip(upper=1).round(4)
        sheet["dry_share"] = (sheet["dry"] / sheet["seconds"]).round(3)
        return sheet[["egg", "grams", "male", "grown", "dry_share", "shocks"]].round({"grams": 2, "shocks": 1})


class Keeper:
    def __init__(self, spool: Spool, clutch: Clutch, sheet: Path):
        self.spool, self.clutch, self.sheet = spool, clutch, sheet
        self.stopping = threading.Event()
        self.rounds = 0

    def stop(self, *_) -> None:
        self.stopping.set()

    def round(self) -> Round:
        done, frames, taken = Round(), [], []
        for path in self.spool.come():
            done.files += 1
            try:
                frames.append(self.spool.read(path))
                taken.append(path)
            except BadFile as error:
                print(error, file=sys.stderr)
                self.spool.refuse(path)
                done.refused += 1
        if frames:
            measured = pd.concat(frames, ignore_index=True)
            done.rows = len(measured)
            self.clutch.add(measured)
            fresh = self.sheet.with_suffix(".new")
            self.clutch.sheet().to_csv(fresh, index=False)
            fresh.replace(self.sheet)
            for path in taken:
                path.unlink()
        self.rounds += done.files > 0
        return done

    def run(self) -> None:
        announced = False
        while not self.stopping.is_set():
            self.round()
            if self.rounds == 3 and not announced:
                announced = True
                print(f"ready {os.getpid()}", flush=True)
            self.stopping.wait(ROUND)


def incubator(folder: Path, number: int) -> None:
    """Leaves a file of measurements of its eggs every second: always the same, but that is nothing to the program."""
    pick, stop, rows = np.random.default_rng(number), threading.Event(), EGGS * SAMPLES
    eggs = np.arange(EGGS) + number * EGGS
    frame = pd.DataFrame({"egg": np.tile(eggs, SAMPLES), "second": np.arange(rows) // EGGS})
    frame["celsius"] = (20 + number * 0.2 + pick.random(rows)).round(2)
    frame["humidity"] = (68 + 20 * pick.random(rows)).round(1)
    frame["grams"] = (5 + pick.random(rows) / 4).round(2)
    made = frame.to_csv(index=False).encode()
    stop.wait(number * ROUND / INCUBATORS)
    for at in range(1 << 40):
        partial = folder / f"{number}.partial"
        partial.write_bytes(made)
        partial.rename(folder / f"incubator-{number}-{at:09d}.csv")
        stop.wait(ROUND)


def incubators(folder: Path) -> None:
    crowd = [threading.Thread(target=incubator, args=(folder, number)) for number in range(INCUBATORS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


def main() -> None:
    spool = Spool(Path("spool").absolute())
    services.outside(lambda: incubators(spool.folder))
    keeper = Keeper(spool, Clutch(INCUBATORS * EGGS), Path("keepers.csv").absolute())
    signal.signal(signal.SIGTERM, keeper.stop)
    keeper.run()


if __name__ == "__main__":
    main()
