# expect: pattern=eager-loading bench
"""A worker of a minor-planet office: it takes tracklets (a few positions of a moving dot in one night), fits the motion,
and writes the results in the form that each observatory has asked for. After some jobs it replaces itself by a fresh
copy of the program (same process id), as the numerical libraries of earlier years leaked.

Measured: 1.02 s of CPU for the 80 jobs of a life, 0.53 s of it for libraries; 0.47 s in the twin.
"""

import importlib
import json
import math
import os
import random
import signal
import sys
import time
from pathlib import Path

JOBS_PER_LIFE = 80
PAUSE = 0.02

# What writes each form, and the library that it stands on.
FORMS = {
    "mpc80": ("write_mpc80", "textwrap"),
    "psv": ("write_psv", "csv"),
    "xml": ("write_xml", "xml.etree.ElementTree"),
    "archive": ("write_archive", "sqlalchemy.orm"),
    "push": ("write_push", "aiohttp.web"),
    "signed": ("write_signed", "cryptography.x509"),
    "letter": ("write_letter", "mako.template"),
    "schema": ("write_schema", "pydantic"),
    "config": ("write_config", "yaml"),
}


class Writers:
    """The forms in which results can be written."""

    def __init__(self, forms):
        self._forms = {}
        for name, (function, library) in forms.items():
            self.register(name, function, library)

    def register(self, name, function, library):
        module = importlib.import_module(library)  # <- cost
        self._forms[name] = (globals().get(function, write_json), module)

    def write(self, form, result):
        function, module = self._forms[form]
        return function(module, result)


def write_mpc80(textwrap, result):
    line = f"{result['name']:>12}  C{result['epoch']:13.6f} {result['ra']:11.6f} {result['dec']:+11.6f}"
    return textwrap.shorten(line, 80) + f" {result['residual']:6.3f}"


def write_psv(csv, result):
    class Lines(list):
        write = list.append

    lines = Lines()
    writer = csv.DictWriter(lines, sorted(result), delimiter="|")
    writer.writeheader()
    writer.writerow(result)
    return "".join(lines)


def write_xml(tree, result):
    top = tree.Element("optical")
    for name, value in result.items():
        tree.SubElement(top, name).text = str(value)
    return tree.tostring(top, encoding="unicode")


def write_json(_, result):
    return json.dumps(result)


class Tracklet:
    """Positions of a dot, in degrees, at times in days."""

    def __init__(self, name, random_source):
        self.name = name
        speed, angle = random_source.uniform(0.05, 0.8), random_source.uniform(0, 2 * math.pi)
        ra, dec = random_source.uniform(0, 360), random_source.uniform(-40, 40)
        self.rows = []
        for number in range(60):
            at = number * 0.004
            self.rows.append(
                (
                    at,
                    ra + speed * at * math.cos(angle) + random_source.gauss(0, 0.0001),
                    dec + speed * at * math.sin(angle) + random_source.gauss(0, 0.0001),
                )
            )


def line_fit(times, values, weights):
    total = sum(weights)
    mean_t = sum(w * t for w, t in zip(weights, times)) / total
    mean_v = sum(w * v for w, v in zip(weights, values)) / total
    spread = sum(w * (t - mean_t) ** 2 for w, t in zip(weights, times))
    slope = sum(w * (t - mean_t) * (v - mean_v) for w, t, v in zip(weights, times, values)) / spread
    return mean_v - slope * mean_t, slope


def robust_fit(times, values, rounds=60):
    """A line through the values that outliers move little."""
    weights = [1.0] * len(times)
    for _ in range(rounds):
        base, slope = line_fit(times, values, weights)
        away = [abs(v - base - slope * t) for t, v in zip(times, values)]
        scale = sorted(away)[len(away) // 2] or 1e-9
        weights = [1.0 / (1.0 + (a / (3 * scale)) ** 2) for a in away]
    return base, slope, scale


def fit(tracklet):
    times = [row[0] for row in tracklet.rows]
    ra, ra_rate, ra_scale = robust_fit(times, [row[1] for row in tracklet.rows])
    dec, dec_rate, dec_scale = robust_fit(times, [row[2] for row in tracklet.rows])
    return {
        "name": tracklet.name,
        "epoch": 2460000.5 + times[0],
        "ra": ra % 360,
        "dec": dec,
        "rate": math.hypot(ra_rate * math.cos(math.radians(dec)), dec_rate),
        "residual": 3600 * math.hypot(ra_scale, dec_scale),
    }


def wanted_form(number):
    return ("mpc80", "psv", "mpc80", "xml")[number % 4]


def live(first):
    """Work through the jobs of one life; the number of the next job."""
    writers = Writers(FORMS)
    source = random.Random(first)
    written = 0
    for number in range(first, first + JOBS_PER_LIFE):
        result = fit(Tracklet(f"P{number:06d}", source))
        written += len(writers.write(wanted_form(number), result))
        time.sleep(PAUSE)  # the next tracklet comes
    if os.environ.get("ORBIT_REPORT"):
        print(first, written, time.process_time(), time.time(), file=sys.stderr)
    return first + JOBS_PER_LIFE


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    if first == 0:
        print(f"ready {os.getpid()}", flush=True)
    next_job = live(first)
    os.execv(sys.executable, [sys.executable, str(Path(__file__).resolve()), str(next_job)])


if __name__ == "__main__":
    main()
