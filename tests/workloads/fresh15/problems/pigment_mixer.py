# expect: pattern=repeated-read bench
"""Mixes pigments for a restorers' workshop: who retouches a painting asks (HTTP) which colour a mixture will have on
the wall, and gets it worked out from the absorption and scattering of each pigment (Kubelka and Munk), which the
makers' measured sheets have for 31 wavelengths. The sheets are delivered once a quarter.

Measured: 22 mixtures a second and 0.30 of a core; the twin 25 mixtures a second and 0.014 of a core.
"""

import csv
import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

WAVELENGTHS = list(range(400, 710, 10))
MAKERS = ("lascaux", "kremer", "maimeri")
PIGMENTS = 260


class UnknownPigment(Exception):
    pass


class Spectrum:
    """How much a pigment absorbs and scatters, for each wavelength."""

    __slots__ = ("absorbed", "scattered")

    def __init__(self, absorbed, scattered):
        self.absorbed = absorbed
        self.scattered = scattered

    @classmethod
    def from_row(cls, row):
        numbers = [float(cell) for cell in row]
        half = len(numbers) // 2
        return cls(numbers[:half], numbers[half:])


class Sheet:
    """What one maker has measured."""

    def __init__(self, maker, spectra):
        self.maker = maker
        self.spectra = spectra

    @classmethod
    def load(cls, path):
        spectra = {}
        with open(path, newline="") as lines:  # <- cost
            rows = csv.reader(lines)
            next(rows)
            for name, *numbers in rows:
                spectra[name] = Spectrum.from_row(numbers)
        return cls(path.stem, spectra)


class Library:
    """The sheets of all makers, in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def sheet(self, maker):
        path = self.folder / f"{maker}.csv"
        if maker not in MAKERS:
            raise UnknownPigment(maker)
        return Sheet.load(path)  # <- cost

    def spectrum(self, name):
        maker, _, pigment = name.partition(".")
        try:
            return self.sheet(maker).spectra[pigment]
        except KeyError:
            raise UnknownPigment(name) from None


def reflected(absorbed, scattered):
    ratio = absorbed / scattered
    return 1 + ratio - (ratio * ratio + 2 * ratio) ** 0.5


class Mixer:
    def __init__(self, library):
        self.library = library

    def mix(self, parts):
        whole = sum(share for _, share in parts)
        absorbed = [0.0] * len(WAVELENGTHS)
        scattered = [0.0] * len(WAVELENGTHS)
        for name, share in parts:
            spectrum = self.library.spectrum(name)
            for at in range(len(WAVELENGTHS)):
                absorbed[at] += spectrum.absorbed[at] * share / whole
                scattered[at] += spectrum.scattered[at] * share / whole
        return [round(reflected(k, s), 4) for k, s in zip(absorbed, scattered)]

    @staticmethod
    def tint(curve):
        """Red, green, blue: the mean of a third each."""
        third = len(curve) // 3
        blue, green, red = curve[:third], curve[third : 2 * third], curve[2 * third :]
        return {name: round(255 * sum(part) / len(part)) for name, part in zip("rgb", (red, green, blue))}


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.mixed = 0

    def add(self):
        with self.lock:
            self.mixed += 1


def handler(mixer, tally):
    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self):
            try:
                status, told = 200, self.mixture()
            except (UnknownPigment, ValueError) as wrong:
                status, told = 404, {"error": str(wrong)}
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def mixture(self):
            """/mix/kremer.p12:3,maimeri.p7:1"""
            parts = []
            for part in self.path.rsplit("/", 1)[1].split(","):
                name, _, share = part.partition(":")
                parts.append((name, int(share)))
            curve = mixer.mix(parts)
            tally.add()
            return {"curve": curve, "tint": mixer.tint(curve)}

        def log_message(self, *_):
            pass

    return Desk


def deliver_sheets(folder):
    """As the makers deliver them."""
    drawn = random.Random(11)
    for maker in MAKERS:
        with open(folder / f"{maker}.csv", "w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["pigment", *(f"k{w}" for w in WAVELENGTHS), *(f"s{w}" for w in WAVELENGTHS)])
            for number in range(PIGMENTS):
                absorbed = [f"{drawn.uniform(0.01, 2.5):.5f}" for _ in WAVELENGTHS]
                scattered = [f"{drawn.uniform(0.2, 1.5):.5f}" for _ in WAVELENGTHS]
                rows.writerow([f"p{number}", *absorbed, *scattered])


def asked_mixtures():
    drawn = random.Random(5)
    paths = []
    for _ in range(60):
        parts = [f"{maker}.p{drawn.randrange(PIGMENTS)}:{drawn.randint(1, 9)}" for maker in drawn.sample(MAKERS, 2)]
        paths.append("/mix/" + ",".join(parts))
    return paths


def main():
    folder = Path("sheets")
    folder.mkdir()
    deliver_sheets(folder)
    tally = Tally()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Mixer(Library(folder)), tally))
    server.daemon_threads = True
    services.customers(server.server_port, asked_mixtures(), number=3, pause=0.12)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(5)
        if os.environ.get("FIGURES"):
            print(tally.mixed, "mixtures", file=sys.stderr)


if __name__ == "__main__":
    main()
