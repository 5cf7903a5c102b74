# expect: healthy bench
"""Date wood samples of old houses by their tree rings: each measured core is laid against the chronologies of the regions
it may come from, and the best years are kept with their t values. Cores come from the measuring tables of a laboratory.

Measured: a core costs 28 ms of CPU time here (100 forks a second are wanted, the machine gave 48); its twin, whose runner
stays, 3 ms (1.1 in the program, 2 in the runner), at the full 20 cores a second.
"""

import functools
import heapq
import math
import multiprocessing
import os
import random
import time
from collections import Counter, deque

FORK = multiprocessing.get_context("fork")
REGIONS = ("alps", "black_forest", "jura", "harz", "vosges", "eifel", "bohemia", "sudeten")
TREES: dict = {}
CHRONOLOGIES: dict = {}


class OverTime(Exception):
    pass


def _serve(function, line, other_end):
    other_end.close()
    while True:
        try:
            args = line.recv()
        except EOFError:
            return
        try:
            line.send((True, function(*args)))
        except Exception as error:
            line.send((False, error))


class Runner:
    """A process that runs one function again and again, and is replaced when it takes too long."""

    def __init__(self, function):
        self.function = function
        self.process = None
        self.line = None

    def ask(self, args, seconds):
        if self.process is None:
            self.line, there = FORK.Pipe()
            self.process = FORK.Process(target=_serve, args=(self.function, there, self.line), daemon=True)
            self.process.start()
            there.close()
        self.line.send(args)
        if not self.line.poll(seconds):
            self.stop()
            raise OverTime(self.function.__name__)
        return self.line.recv()

    def stop(self):
        self.line.close()
        self.process.kill()
        self.process.join()
        self.process = None


def time_limit(seconds):
    """A core with a typing error in its first ring once kept the laboratory waiting for a night."""

    def decorate(function):
        runner = Runner(function)

        @functools.wraps(function)
        def limited(*args):
            good, value = runner.ask(args, seconds)
            if not good:
                raise value
            return value

        return limited

    return decorate


def grow(seed, weather):
    """Ring widths of a tree in hundredths of a millimetre, in the weather of its region."""
    chance = random.Random(seed)
    widths, width = [], 150.0
    for good in weather:
        width = 0.6 * width + 0.4 * (good + chance.gauss(0, 15))
        widths.append(max(8.0, width))
    return widths


def indices(widths):
    """Take the growth trend out: the logarithm of each ring against its five neighbours."""
    told = []
    for at in range(2, len(widths) - 2):
        told.append(math.log(5 * widths[at] / sum(widths[at - 2 : at + 3])))
    return told


def t_value(sample, reference):
    n = len(sample)
    mean_a, mean_b = sum(sample) / n, sum(reference) / n
    top = sum((a - mean_a) * (b - mean_b) for a, b in zip(sample, reference))
    left = sum((a - mean_a) ** 2 for a in sample)
    right = sum((b - mean_b) ** 2 for b in reference)
    r = top / math.sqrt(left * right or 1.0)
    return r * math.sqrt((n - 2) / max(1e-6, 1 - r * r))


@time_limit(3.0)
def lay_against(region, sample, guess):
    """The three best last years of ``sample`` around ``guess``, by its t value."""
    reference = CHRONOLOGIES[region]
    found = []
    for end in range(max(len(sample), guess - 8), min(len(reference), guess + 8)):
        found.append((round(t_value(sample, reference[end - len(sample) : end]), 2), end))
    return heapq.nlargest(3, found)


class Table:
    """The measuring table of a technician: about twenty cores a second from all of them, with some false rings."""

    def __init__(self, rate):
        self.rate = rate
        self.due = time.monotonic()
        self.taken = 0

    def cores(self):
        while True:
            self.due = max(self.due + 1 / self.rate, time.monotonic() - 0.5)
            time.sleep(max(0.0, self.due - time.monotonic()))
            self.taken += 1
            chance = random.Random(self.taken)
            region = chance.choice(REGIONS)
            length = chance.randint(60, 90)
            end = chance.randint(200, 760)
            widths = [w * chance.uniform(0.9, 1.1) for w in chance.choice(TREES[region])[end - length : end]]
            yield f"K{self.taken:06}", widths, end + chance.randint(-3, 3), chance.sample(REGIONS, 5)


def date(name, widths, guess, regions):
    sample = indices(widths)
    best = (0.0, 0, "")
    for region in regions:
        try:
            for t, year in lay_against(region, sample, guess):
                best = max(best, (t, year, region))
        except OverTime:
            continue
    return name, *best


def load_trees(region, number=140, years=800):
    chance = random.Random(region)
    weather = [chance.gauss(150, 40) for _ in range(years)]
    TREES[region] = [grow(f"{region} {tree}", weather) for tree in range(number)]
    mean = [sum(widths) / number for widths in zip(*TREES[region])]
    CHRONOLOGIES[region] = [0.0, 0.0, *indices(mean), 0.0, 0.0]


def main():
    for region in REGIONS:
        load_trees(region)
    book, dated = deque(maxlen=5000), Counter()
    print("ready", os.getpid(), flush=True)
    for core in Table(20).cores():
        name, t, year, region = date(*core)
        if t >= 4.0:
            dated[region] += 1
        book.append((name, year, t))


if __name__ == "__main__":
    main()
