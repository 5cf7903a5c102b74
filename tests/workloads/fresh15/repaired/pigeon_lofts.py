# expect: healthy bench
# The clearing house of a pigeon race: when the sheet of a race falls due, the clock boxes of its lofts are asked for
# the birds that came home since, and the velocities are ranked. The boxes are slow, each answers over a modem.
#
# Measured: MEASURED
import contextlib
import heapq
import http.client
import json
import logging
import os
import queue
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

LOFTS = 14
BEAT = 0.6


def clock_box(path):
    """The box of a loft at the end of its modem."""
    time.sleep(0.045)
    loft, race = path.strip("/").split("/")[1:]
    dice = random.Random(f"{loft} {race}")
    rings = [{"ring": f"GB{dice.randrange(10**5):05}", "minutes": round(dice.gauss(310, 40), 2)} for _ in range(6)]
    return json.dumps({"loft": loft, "homed": rings}).encode()


@dataclass(frozen=True)
class Settings:
    """What an installation may set; the defaults serve a club."""

    lines: int = LOFTS
    timeout: float = 5.0
    asking: int = LOFTS


class Switchboard:
    """The lines to the clock boxes, which are kept open and lent to who asks."""

    def __init__(self, port, settings):
        self.free = queue.LifoQueue()
        for _ in range(settings.lines):
            self.free.put(http.client.HTTPConnection("127.0.0.1", port, timeout=settings.timeout))

    @contextlib.contextmanager
    def line(self):
        lent = self.free.get()
        try:
            yield lent
        except (OSError, http.client.HTTPException):
            lent.close()
            raise
        finally:
            self.free.put(lent)


class Loft:
    def __init__(self, number, switchboard):
        self.name = f"loft-{number}"
        self.km = 380 + number * 3.1
        self.switchboard = switchboard

    def homed(self, race):
        """The birds of this loft that are home, as (metres a minute, ring)."""
        with self.switchboard.line() as line:
            line.request("GET", f"/boxes/{self.name}/{race}")
            told = json.loads(line.getresponse().read())
        return [(self.km * 1000 / bird["minutes"], bird["ring"]) for bird in told["homed"]]


class Race:
    def __init__(self, number, lofts, askers):
        self.number, self.lofts, self.askers = number, lofts, askers

    def sheet(self):
        """The best ten of the race."""
        answers = self.askers.map(lambda loft: loft.homed(self.number), self.lofts)
        return heapq.nlargest(10, (bird for birds in answers for bird in birds))


class ClearingHouse:
    def __init__(self, port, settings):
        switchboard = Switchboard(port, settings)
        self.lofts = [Loft(number, switchboard) for number in range(LOFTS)]
        self.askers = ThreadPoolExecutor(settings.asking, thread_name_prefix="asker")
        self.sheets, self.spent, self.best = 0, 0.0, (0.0, "")

    def clear(self, number):
        began = time.perf_counter()
        sheet = Race(number, self.lofts, self.askers).sheet()
        self.best = max(self.best, sheet[0])
        self.sheets += 1
        self.spent += time.perf_counter() - began

    def run(self):
        """A sheet falls due with each beat."""
        due = time.monotonic()
        number = 0
        while True:
            number += 1
            self.clear(number)
            due = max(due + BEAT, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    house = ClearingHouse(services.http_service(clock_box), Settings())
    threading.Thread(target=house.run, name="beat", daemon=True).start()
    print(f"ready {os.getpid()}", flush=True)
    while True:
        time.sleep(10)
        each = 1000 * house.spent / max(1, house.sheets)
        said = "%d sheets, %.0f ms each, best %.0f m/min, cpu %.1f s"
        logging.info(said, house.sheets, each, house.best[0], time.process_time())


if __name__ == "__main__":
    main()
