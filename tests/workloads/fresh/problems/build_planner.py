# expect: pattern=excessive-stat bench
"""Plans builds of a big project: what is older than one of its sources is made again. Each target looks at all of them."""

import hashlib
import logging
import os
import random
import time

TARGETS, HEADERS, FOLDERS, USED = 150, 80, 4, 25
logging.basicConfig(filename="planner.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
FLAGS = ("-O2", "-g", "-Wall", "-DNDEBUG", "-fPIC")


def project():
    """A tree of sources and headers; {target: (source, names of headers)}."""
    chance = random.Random(3)
    for folder in ["source", "made", *(f"include{n}" for n in range(FOLDERS))]:
        os.makedirs(folder, exist_ok=True)
    for number in range(HEADERS):
        with open(f"include{number % FOLDERS}/part{number}.h", "w") as header:
            header.write(f"int part{number}(void);\n")
    targets = {}
    for number in range(TARGETS):
        with open(f"source/unit{number}.c", "w") as source:
            source.write(f"int unit{number};\n")
        with open(f"made/unit{number}.o", "w") as made:
            made.write("object")
        used = tuple(f"part{n}.h" for n in sorted(chance.sample(range(HEADERS), USED)))
        targets[f"made/unit{number}.o"] = f"source/unit{number}.c", used
    return targets


class Plan:
    """What one build has to do."""

    def __init__(self, targets, mode):
        self._targets = targets
        self._mode = mode
        self.commands = {}

    def place(self, header):
        for number in range(FOLDERS):
            path = f"include{number}/{header}"
            if os.path.exists(path):  # <- cost
                return path
        raise SystemExit(f"no {header}")

    def age(self, path):
        return os.stat(path).st_mtime_ns  # <- cost

    def make(self):
        for target, (source, headers) in self._targets.items():
            paths = [self.place(header) for header in headers]  # <- cost
            newest = max(self.age(path) for path in (source, *paths))  # <- cost
            command = self.command(target, source, paths)
            if newest > self.age(target) or self._mode == "all":
                self.commands[target] = command
        return self.commands

    def command(self, target, source, paths):
        """The command line, and a key by which its result can be found in a cache."""
        folders = sorted({path.partition("/")[0] for path in paths})
        words = [
            "cc",
            *FLAGS,
            *(f"-I{folder}" for folder in folders),
            f"-DMODE={self._mode}",
            "-c",
            source,
            "-o",
            target,
        ]
        key = hashlib.sha256("\0".join(words + paths).encode()).hexdigest()
        return key, words


def main():
    targets = project()
    print("ready", os.getpid(), flush=True)
    number, told, commands = 0, time.monotonic(), 0
    while True:
        mode = ("all", "some", f"variant{number}")[number % 3]
        commands += len(Plan(targets, mode).make())
        number += 1
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d plans made, %d commands", number, commands)


main()
