# expect: healthy bench
"""An exporter with a driver for each kind of database; a job loads the one that it uses."""

import os
import sys
from pathlib import Path

DRIVERS = 160


def write_package():
    """Drivers as large as real ones: tables of types, and a class for each statement."""
    package = Path("drivers")
    package.mkdir()
    names = [f"driver_{n}" for n in range(DRIVERS)]
    (package / "__init__.py").write_text("")
    for name in names:
        lines = [f"TYPES = {{{', '.join(f'{n}: ({n}, {n * 3!r}, None)' for n in range(800))}}}\n"]
        for n in range(120):
            lines.append(f"class Statement{n}:\n    name = '{name}-{n}'\n\n    def run(self, row, *, again=False):\n")
            lines += [f"        if row.get({m}) and not again:\n            return TYPES[{m}]\n" for m in range(6)]
        (package / f"{name}.py").write_text("".join(lines))
    sys.path.insert(0, os.getcwd())


def export(rows):
    from drivers import driver_3

    return driver_3.Statement0().run(rows)


write_package()
print("ready", os.getpid(), flush=True)
while True:
    export({number: number % 3 for number in range(2000)})
