# expect: healthy bench
"""Takes stock of a forest: the volume of each trunk from its diameters, and what timber and carbon each stand holds.

Measured: 950 plots a second, with one and a half cores to be had; 560 in the twin with the problem.
"""

import collections
import itertools
import json
import logging
import math
import operator
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor

STANDS, PLOTS, TRUNKS, STEPS = 24, 10, 40, 16
logging.basicConfig(filename="inventory.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
SPECIES = {  # form of the trunk, density in kg for each cubic metre, share of carbon
    "spruce": (0.62, 430, 0.50),
    "beech": (0.71, 720, 0.48),
    "pine": (0.66, 510, 0.51),
    "oak": (0.74, 690, 0.49),
}
GRADES = ((0.50, "veneer"), (0.35, "saw log"), (0.20, "industry"), (0.0, "fuel"))
Trunk = collections.namedtuple("Trunk", "species diameter height")


def survey(stand, plot):
    """What the people with the calipers wrote down."""
    chance = random.Random(stand * 1000 + plot)
    names = list(SPECIES)
    return [
        Trunk(chance.choice(names), chance.triangular(0.08, 0.75, 0.3), chance.triangular(8, 38, 24))
        for _ in range(TRUNKS)
    ]


SURVEYS = {(stand, plot): survey(stand, plot) for stand in range(STANDS) for plot in range(PLOTS)}


def radius(trunk, at, form):
    """How thick a trunk is ``at`` a share of its height."""
    slim = (1 - at) ** form
    foot = 1 + 0.25 * math.exp(-30 * at)
    return 0.5 * trunk.diameter * 1.05 * slim * foot


def logs(trunk):
    """The pieces of a trunk, from the foot up: grade and cubic metres."""
    form, _, _ = SPECIES[trunk.species]
    length = trunk.height / STEPS
    below = radius(trunk, 0.01, form)
    for step in range(1, STEPS + 1):
        above = radius(trunk, step / STEPS, form)
        volume = math.pi * length / 3 * (below * below + below * above + above * above)
        yield next(grade for least, grade in GRADES if 2 * above >= least), volume
        below = above


def assess(key):
    """Sums for a plot."""
    grades, carbon = collections.Counter(), 0.0
    for trunk in SURVEYS[key]:
        _, density, share = SPECIES[trunk.species]
        for grade, volume in logs(trunk):
            grades[grade] += volume
            carbon += volume * density * share
    return key[0], dict(grades), carbon


class Inventory:
    """The stands as they were assessed last."""

    def __init__(self):
        self.plots, self.stands = 0, {}

    def add(self, stand, results):
        timber, carbon = collections.Counter(), 0.0
        for _, grades, kilograms in results:
            timber.update(grades)
            carbon += kilograms
            self.plots += 1
        self.stands[stand] = {"timber": {name: round(value, 2) for name, value in timber.items()}, "carbon": carbon}

    def save(self):
        with open("inventory.new", "w") as file:
            json.dump(self.stands, file, indent=1)
        os.replace("inventory.new", "inventory.json")


def main():
    inventory = Inventory()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        print("ready", os.getpid(), flush=True)
        told = time.monotonic()
        while True:
            results = pool.map(assess, SURVEYS, chunksize=PLOTS)
            for stand, of_stand in itertools.groupby(results, key=operator.itemgetter(0)):
                inventory.add(stand, of_stand)
            inventory.save()
            if time.monotonic() - told > 1:
                told = time.monotonic()
                logging.info("%d plots assessed", inventory.plots)


if __name__ == "__main__":
    main()
