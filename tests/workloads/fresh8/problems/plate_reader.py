# expect: pattern=process-churn bench
"""Evaluates micro-plates of an assay in a laboratory: a plate has 96 wells in twelve columns, each a dilution series
whose half-maximal dose is fitted; the results of a plate go into SQLite.

Measured: a plate takes 85 to 105 ms, in the twin 7 to 20; each of its 12 fits computes for 0.5 ms.
"""

import math
import multiprocessing
import os
import random
import time
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, Float, Integer, String, create_engine, delete, event, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

DOSES = tuple(10 ** (exponent / 2 - 2) for exponent in range(8))
PLATES_A_SECOND = 4


class Base(DeclarativeBase):
    pass


class Result(Base):
    __tablename__ = "result"
    id: Mapped[int] = mapped_column(primary_key=True)
    plate: Mapped[str] = mapped_column(String(16), index=True)
    column: Mapped[int] = mapped_column(Integer)
    half_dose: Mapped[float] = mapped_column(Float)
    slope: Mapped[float] = mapped_column(Float)
    error: Mapped[float] = mapped_column(Float)


@dataclass(frozen=True)
class Series:
    """The signals of one column, from the lowest dose to the highest."""

    column: int
    signals: tuple[float, ...]


@dataclass
class Plate:
    barcode: str
    series: list[Series] = field(default_factory=list)


def response(dose: float, low: float, high: float, half: float, slope: float) -> float:
    return low + (high - low) / (1 + (half / dose) ** slope)


def squares(series: Series, half: float, slope: float) -> float:
    low, high = min(series.signals), max(series.signals)
    return sum(
        (signal - response(dose, low, high, half, slope)) ** 2
        for dose, signal in zip(DOSES, series.signals, strict=True)
    )


def fit(series: Series) -> dict:
    """Narrow a grid over dose and slope down, three times."""
    centre, width, slope, spread = 0.0, 2.0, 1.2, 0.8
    best = math.inf
    for _ in range(3):
        for i in range(-3, 4):
            for j in range(-2, 3):
                half, steep = 10 ** (centre + i * width / 3), max(0.1, slope + j * spread / 2)
                error = squares(series, half, steep)
                if error < best:
                    best, at = error, (math.log10(half), steep)
        (centre, slope), width, spread = at, width / 3, spread / 2
    return {"column": series.column, "half_dose": 10**centre, "slope": slope, "error": math.sqrt(best / len(DOSES))}


class Archive:
    """The results of the last plates; committed every two seconds."""

    KEPT = 200_000

    def __init__(self, path: str) -> None:
        self._engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", self._configure)
        Base.metadata.create_all(self._engine)
        self._session = Session(self._engine)
        self._committed = time.monotonic()

    @staticmethod
    def _configure(connection, _) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    def store(self, plate: Plate, results: list[dict]) -> None:
        self._session.execute(insert(Result), [{"plate": plate.barcode, **result} for result in results])
        if time.monotonic() > self._committed + 2:
            newest = self._session.scalar(select(func.max(Result.id))) or 0
            self._session.execute(delete(Result).where(Result.id < newest - self.KEPT))
            self._session.commit()
            self._committed = time.monotonic()


class Reader:
    """The device: it hands a plate over as soon as it has been read."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._number = 0

    def plate(self) -> Plate:
        self._number += 1
        plate = Plate(f"P{self._number:08}")
        for column in range(12):
            half, slope = 10 ** self._chance.uniform(-1, 1), self._chance.uniform(0.7, 1.8)
            signals = (response(dose, 0.05, 2.1, half, slope) + self._chance.gauss(0, 0.02) for dose in DOSES)
            plate.series.append(Series(column + 1, tuple(signals)))
        return plate


class Evaluation:
    """Fits the columns of a plate side by side."""

    def __init__(self, archive: Archive) -> None:
        # The vendor's fitting routine left memory behind; a fresh worker begins with a clean slate.
        self._workers = multiprocessing.Pool(processes=2, maxtasksperchild=1)  # <- cost
        self._archive = archive
        self.failed = 0

    def evaluate(self, plate: Plate) -> None:
        results = self._workers.map(fit, plate.series, chunksize=1)  # <- cost
        self.failed += sum(result["error"] > 0.2 for result in results)
        self._archive.store(plate, results)

    def close(self) -> None:
        self._workers.terminate()
        self._workers.join()


def main() -> None:
    evaluation = Evaluation(Archive("assay.sqlite"))
    reader, plates = Reader(96), 0
    print("ready", os.getpid(), datetime.now().strftime("%H:%M"), flush=True)
    due = time.monotonic()
    try:
        while True:
            evaluation.evaluate(reader.plate())  # <- cost
            plates += 1
            due = max(due + 1 / PLATES_A_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))
    finally:
        evaluation.close()


if __name__ == "__main__":
    main()
