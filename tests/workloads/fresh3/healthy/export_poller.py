# expect: healthy bench
"""Fetches the nightly exports of a partner, who does not say when one is done: it is asked every two seconds, as its
terms have it. What comes is summed up by group."""

import http.client
import json
import logging
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

PAUSE, ROWS = 2.0, 1500
logging.basicConfig(filename="exports.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Partner:
    """The service of the partner, over a connection that is kept."""

    def __init__(self, port):
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def ask(self, path):
        self._line.request("GET", path)
        answer = self._line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise ConnectionError(f"{path}: {answer.status}")
        return json.loads(body)


class Export:
    """An export that was ordered, until it was fetched."""

    def __init__(self, partner, number):
        self._partner, self._number = partner, number

    def wait(self):
        while self._partner.ask(f"/state/{self._number}")["state"] != "done":
            time.sleep(PAUSE)

    def rows(self):
        return self._partner.ask(f"/rows/{self._number}")


def summed(rows):
    sums = {}
    for row in rows:
        group = sums.setdefault(row["group"], [0, 0])
        group[0] += row["pieces"]
        group[1] += row["pieces"] * row["cents"]
    return sums


def partner_service():
    """An export is done when it was asked for three times."""
    asked = {}

    def answer(path):
        _, kind, number = path.split("/")
        if kind == "state":
            asked[number] = asked.get(number, 0) + 1
            return json.dumps({"state": "done" if asked[number] > 2 else "running"}).encode()
        rows = [{"group": n % 12, "pieces": 1 + n % 5, "cents": 99 + n * 31 % 4000} for n in range(ROWS)]
        return json.dumps(rows).encode()

    return services.http_service(answer)


def main():
    partner = Partner(partner_service())
    print("ready", os.getpid(), flush=True)
    for number in range(1 << 40):
        export = Export(partner, number)
        export.wait()
        sums = summed(export.rows())
        total = sum(cents for _, cents in sums.values())
        logging.info("export %d: %d groups, %.2f EUR", number, len(sums), total / 100)


main()
