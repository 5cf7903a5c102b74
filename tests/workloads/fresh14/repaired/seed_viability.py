# expect: healthy bench
"""The germination desk of a seed vault: which accessions of a genus must be sown again, by their newest test.

Curators ask for the list of a genus (some 400 accessions) from their benches.
Measured: a list takes 3.9 ms of CPU time (with a statement for each accession 8.4 ms): one statement a list.
"""

import json
import os
import sqlite3
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.append(str(Path(__file__).parents[2]))
import clients  # noqa: E402
import services  # noqa: E402

GENERA = ("Aegilops", "Lathyrus", "Vicia", "Avena", "Hordeum")
TODAY = date(2024, 3, 1)


@dataclass(frozen=True)
class Test:
    taken: date
    sown: int
    sprouted: int

    @property
    def rate(self):
        return self.sprouted / self.sown if self.sown else 0.0


@dataclass
class Accession:
    number: int
    taxon: str
    country: str
    stored: date
    grams: float
    newest_test: Test | None

    def verdict(self):
        test = self.newest_test
        if test is None:
            return {"accession": self.number, "taxon": self.taxon, "state": "untested", "grams": self.grams}
        age = (TODAY - test.taken).days
        state = "sow" if test.rate < 0.85 else "retest" if age > 3650 else "keep"
        return {
            "accession": self.number,
            "taxon": self.taxon,
            "country": self.country,
            "state": state,
            "rate": round(test.rate, 3),
            "tested": test.taken.isoformat(),
            "grams": self.grams,
        }


class Vault:
    """The register; each thread has a connection of its own."""

    def __init__(self, path):
        self.path = path
        self._local = threading.local()

    @property
    def db(self):
        if not hasattr(self._local, "db"):
            self._local.db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        return self._local.db

    def accessions(self, genus):
        rows = self.db.execute(
            "SELECT number, taxon, country, stored, grams, max(taken), sown, sprouted FROM accession"
            " LEFT JOIN test ON test.accession = number WHERE genus = ? GROUP BY number ORDER BY number",
            (genus,),
        )  # (sown and sprouted are those of the row with the greatest day)
        return [self._accession(*row) for row in rows]

    @staticmethod
    def _accession(number, taxon, country, stored, grams, taken, sown, sprouted):
        test = Test(date.fromisoformat(taken), sown, sprouted) if taken else None
        return Accession(number, taxon, country, date.fromisoformat(stored), grams, test)


def regeneration_list(vault, genus):
    verdicts = [accession.verdict() for accession in vault.accessions(genus)]
    wanted = [verdict for verdict in verdicts if verdict["state"] != "keep"]
    wanted.sort(key=lambda verdict: (verdict["state"], verdict.get("rate", 0)))
    return {"genus": genus, "accessions": len(verdicts), "wanted": wanted[:60]}


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    vault = None

    def do_GET(self):
        asked = urlsplit(self.path)
        genus = parse_qs(asked.query).get("genus", [""])[0]
        if asked.path != "/regeneration" or genus not in GENERA:
            self.answer(404, {"error": "unknown"})
            return
        self.answer(200, regeneration_list(self.vault, genus))

    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def fill(path):
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE accession (number INTEGER PRIMARY KEY, genus TEXT, taxon TEXT, country TEXT, stored TEXT, grams REAL)"
        )
        db.execute("CREATE TABLE test (accession INTEGER, taken TEXT, sown INTEGER, sprouted INTEGER)")
        accessions, tests = [], []
        for number in range(2000):
            genus = GENERA[number % len(GENERA)]
            stored = date(1985, 1, 1) + timedelta(days=number * 37 % 9000)
            taxon = f"{genus} sp. {number % 23}"
            accessions.append(
                (number, genus, taxon, "TR SY IR AM".split()[number % 4], stored.isoformat(), number % 90 + 4.5)
            )
            for turn in range(number % 6):
                taken = stored + timedelta(days=turn * 1100 + number % 300)
                tests.append((number, taken.isoformat(), 100, 100 - (number * 7 + turn * 5) % 31))
        db.executemany("INSERT INTO accession VALUES (?, ?, ?, ?, ?, ?)", accessions)
        db.executemany("INSERT INTO test VALUES (?, ?, ?, ?)", tests)
        db.execute("CREATE INDEX of_genus ON accession (genus)")
        db.execute("CREATE INDEX of_accession ON test (accession, taken)")
    db.close()


def main():
    path = Path(tempfile.mkdtemp(prefix="seeds-")) / "vault.db"
    fill(path)
    Desk.vault = Vault(path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    paths = [f"/regeneration?genus={genus}" for genus in GENERA]
    port = server.server_port
    services.outside(lambda: clients.come(port, paths, 50, 3))
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
