# expect: healthy bench
"""Frost desk of an olive growers' union: turns the loggers' readings of each grove into frost and warmth sums.

A grove's loggers deliver a window of readings at a time; the next grove is due every 0.3 s.

Measured: CPU 0.52-0.57 cores with the problem, 0.01-0.02 in the twin, for the same windows a second.
"""

import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

log = logging.getLogger("olive_frost")

GROVES = ["Agia Eleni", "Kato Pigi", "Trikorfo", "Palaiochori", "Lakkos", "Vathy", "Mikro Rema", "Ano Meria"]
LOGGERS_PER_GROVE = 24
READINGS_PER_LOGGER = 288
MINUTES_PER_READING = 5
GROWTH_BASE_C = 9.1
FROST_LIMIT_C = -1.5
PERIOD = 0.3


@dataclass
class Summary:
    grove: str
    readings: int
    frost_hours: float
    worst_wetbulb_c: float
    warmth_sum: float
    chill_hours: float
    loggers_with_frost: int


class Telemetry:
    """The windows of readings, as the loggers' gateway hands them over."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.logger = np.repeat(np.arange(LOGGERS_PER_GROVE), READINGS_PER_LOGGER)
        self.minute = np.tile(np.arange(READINGS_PER_LOGGER) * MINUTES_PER_READING, LOGGERS_PER_GROVE)

    def window(self, grove: int) -> pd.DataFrame:
        number = len(self.logger)
        day = np.sin((self.minute / 1440 - 0.3) * 2 * np.pi)
        return pd.DataFrame(
            {
                "logger": self.logger,
                "minute": self.minute,
                "air_c": 3 + grove * 0.2 + 6 * day + self.random.normal(0, 0.7, number),
                "humidity": np.clip(70 - 20 * day + self.random.normal(0, 5, number), 15, 100),
                "wind_ms": np.abs(self.random.normal(1.5, 1.0, number)),
            }
        )


def clean(window: pd.DataFrame) -> pd.DataFrame:
    plausible = window["air_c"].between(-25, 50) & window["humidity"].between(0, 100)
    return window[plausible].reset_index(drop=True)


def wetbulb(air_c, humidity):
    """Stull's formula, degrees Celsius."""
    return (
        air_c * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(air_c + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )


def add_stress(window: pd.DataFrame) -> pd.DataFrame:
    air = window["air_c"]
    wet = wetbulb(air, window["humidity"])
    return window.assign(
        wetbulb_c=wet,
        frost=(wet < FROST_LIMIT_C) & (window["wind_ms"] < 3.0),
        warmth=(air - GROWTH_BASE_C).clip(lower=0.0),
        chill=(air > 0.0) & (air < 7.2),
    )


def summarise(grove: str, window: pd.DataFrame) -> Summary:
    hours = MINUTES_PER_READING / 60
    by_logger = window.groupby("logger")
    frost_hours = by_logger["frost"].sum() * hours
    return Summary(
        grove=grove,
        readings=len(window),
        frost_hours=float(frost_hours.mean()),
        worst_wetbulb_c=float(window["wetbulb_c"].min()),
        warmth_sum=float(by_logger["warmth"].sum().mean() * hours / 24),
        chill_hours=float((by_logger["chill"].sum() * hours).mean()),
        loggers_with_frost=int((frost_hours > 0).sum()),
    )


class Board:
    """The newest summary of each grove, and the sums since the season's start, on disk for the web page."""

    def __init__(self, path: Path):
        self.path = path
        self.newest: dict[str, Summary] = {}
        self.season: dict[str, float] = dict.fromkeys(GROVES, 0.0)

    def take(self, summary: Summary) -> None:
        self.newest[summary.grove] = summary
        self.season[summary.grove] += summary.warmth_sum
        if summary.loggers_with_frost > LOGGERS_PER_GROVE // 2:
            log.info("frost in %s: %.1f °C", summary.grove, summary.worst_wetbulb_c)

    def publish(self) -> None:
        page = {"groves": [asdict(one) for one in self.newest.values()], "season": self.season}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(page, indent=1))
        fresh.replace(self.path)


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    telemetry = Telemetry(seed=7)
    board = Board(Path("frost_board.json"))
    due = time.monotonic()
    turn = 0
    while True:
        number = turn % len(GROVES)
        window = clean(telemetry.window(number))
        board.take(summarise(GROVES[number], add_stress(window)))
        if number == len(GROVES) - 1:
            board.publish()
        turn += 1
        if turn == 2:
            print("ready", os.getpid(), flush=True)
        due = max(due + PERIOD, time.monotonic() - PERIOD)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
