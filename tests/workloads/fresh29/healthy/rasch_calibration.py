# expect: healthy bench
"""Calibrates the items of school examinations with the Rasch model: for each sitting, the difficulty of each item and
the ability of each pupil are estimated by turns of Newton steps, and the item bank is updated with what comes out.

A sitting is 3000 pupils by 48 items; pupils leave items out as they like. About
forty sittings are calibrated per second.
"""

import itertools
import os
import sqlite3
import time

import numpy as np

PUPILS = 3000
ITEMS = 48
FORMS = 12
SITTINGS_PER_SECOND = 40.0
TURNS = 40
CLOSE = 1e-4
WRONG, RIGHT, OMITTED = 0, 1, 9


class Sitting:
    """Answers of one examination, and what is the same in every turn of its calibration."""

    def __init__(self, number, answers):
        self.number = number
        given = answers != OMITTED
        right = answers == RIGHT
        solved = right.sum(axis=1)
        tried = given.sum(axis=1)
        judged = (solved > 0) & (solved < tried)
        self.given = given[judged].astype(np.float64)
        self.by_pupil = solved[judged].astype(np.float64)
        self.tried = tried[judged].astype(np.float64)
        self.by_item = right[judged].sum(axis=0, dtype=np.float64)
        self.asked = self.given.sum(axis=0)


class Calibration:
    """Arrays are made once, for the largest sitting, and used for each."""

    def __init__(self, pupils, items):
        self.chance = np.empty((pupils, items))
        self.spread = np.empty((pupils, items))

    def expect(self, sitting, ability, difficulty):
        chance = self.chance[: len(ability)]
        spread = self.spread[: len(ability)]
        np.subtract(difficulty, ability[:, None], out=chance)
        np.exp(chance, out=chance)
        chance += 1.0
        np.divide(sitting.given, chance, out=chance)
        np.multiply(chance, chance, out=spread)
        np.subtract(chance, spread, out=spread)
        return chance, spread

    def run(self, sitting):
        ability = np.log(sitting.by_pupil / (sitting.tried - sitting.by_pupil))
        solved = np.clip(sitting.by_item, 1, sitting.asked - 1)
        difficulty = np.log((sitting.asked - solved) / solved)
        difficulty -= difficulty.mean()
        for turn in range(1, TURNS + 1):
            chance, spread = self.expect(sitting, ability, difficulty)
            step = (chance.sum(axis=0) - solved) / spread.sum(axis=0)
            np.clip(step, -1.0, 1.0, out=step)
            difficulty += step
            difficulty -= difficulty.mean()
            chance, spread = self.expect(sitting, ability, difficulty)
            move = (sitting.by_pupil - chance.sum(axis=1)) / spread.sum(axis=1)
            np.clip(move, -1.0, 1.0, out=move)
            ability += move
            if max(np.abs(step).max(), np.abs(move).max()) < CLOSE:
                break
        error = 1.0 / np.sqrt(spread.sum(axis=0))
        return ability, difficulty, error, turn


class ItemBank:
    def __init__(self, path):
        self.base = sqlite3.connect(path)
        self.base.execute("pragma journal_mode = wal")
        self.base.execute("pragma synchronous = normal")
        self.base.execute(
            "create table item (form integer, item integer, difficulty real, error real, sittings integer,"
            " primary key (form, item)) without rowid"
        )
        self.base.commit()

    def update(self, form, difficulty, error):
        rows = [(form, at, d, e) for at, (d, e) in enumerate(zip(difficulty.tolist(), error.tolist(), strict=True))]
        with self.base:
            self.base.executemany(
                "insert into item values (?, ?, ?, ?, 1) on conflict (form, item) do update set"
                " difficulty = (difficulty * sittings + excluded.difficulty) / (sittings + 1),"
                " error = excluded.error, sittings = sittings + 1",
                rows,
            )


def sittings():
    """Answers as the scanners deliver them: a byte for each pupil and item."""
    chance = np.random.default_rng(1960)
    true_difficulty = chance.normal(0.0, 1.1, size=(FORMS, ITEMS))
    for number in itertools.count():
        ability = chance.normal(0.1, 1.0, size=(PUPILS, 1))
        threshold = chance.logistic(size=(PUPILS, ITEMS))
        answers = (ability - true_difficulty[number % FORMS] > threshold).astype(np.uint8)
        answers[chance.random(size=(PUPILS, ITEMS), dtype=np.float32) < 0.08] = OMITTED
        yield Sitting(number, answers)


def main():
    calibration = Calibration(PUPILS, ITEMS)
    bank = ItemBank("items.sqlite")
    due = time.monotonic()
    for sitting in sittings():
        _, difficulty, error, _ = calibration.run(sitting)
        bank.update(sitting.number % FORMS, difficulty, error)
        if sitting.number == 2:
            print("ready", os.getpid(), flush=True)
        due = max(due + 1 / SITTINGS_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
