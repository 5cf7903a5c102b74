# expect: healthy bench
"""The register of controlled drugs at a pharmacy wholesaler. The packing places ask for packs out of the safe and may
have them only when the entry is on the disk: the law wants that. The entries of all places that come while the disk
is busy or within the same short while go to the disk together.

Measured: 20 entries to a sync, 13 syncs and 250 entries a second, 2 % of a core.
"""

import os
import socketserver
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

DRUGS = ("morphine 10", "morphine 30", "fentanyl 25", "fentanyl 50", "oxycodone 20", "methadone 5", "buprenorphine 8")
PLACES = 20
GATHER = 0.06  # seconds that an entry waits for others at most
ROLL = 4 << 20  # bytes of one volume


@dataclass(eq=False)
class Entry:
    drug: str
    packs: int
    pharmacy: int
    number: int = 0
    written: threading.Event = field(default_factory=threading.Event)

    def line(self) -> str:
        return f"{self.number:09d}|{self.drug}|{self.packs:+d}|{self.pharmacy:05d}\n"


class Volume:
    """A volume of the register on the disk; a new one begins when it is full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._file = None

    def append(self, text: str) -> None:
        if self._file is None or self._file.tell() > ROLL:
            self._turn()
        self._file.write(text.encode())
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def _turn(self) -> None:
        if self._file:
            self._file.close()
        self._number += 1
        self._file = (self._folder / f"volume-{self._number:04d}.txt").open("ab")


class Register(threading.Thread):
    """Numbers the entries and has them written, many with one sync."""

    def __init__(self, folder: Path) -> None:
        super().__init__(name="register", daemon=True)
        self._volume = Volume(folder)
        self._come = threading.Condition()
        self._waiting: list[Entry] = []
        self._stock: Counter[str] = Counter(dict.fromkeys(DRUGS, 1_000_000))
        self._number = 0
        self.syncs = 0

    def enter(self, entry: Entry) -> int:
        with self._come:
            self._waiting.append(entry)
            self._come.notify()
        entry.written.wait()
        return entry.number

    def run(self) -> None:
        while True:
            with self._come:
                self._come.wait_for(lambda: self._waiting)
            time.sleep(GATHER)
            with self._come:
                entries, self._waiting = self._waiting, []
            for entry in entries:
                self._number += 1
                entry.number = self._number
                self._stock[entry.drug] -= entry.packs
            self._volume.append("".join(entry.line() for entry in entries))
            self.syncs += 1
            for entry in entries:
                entry.written.set()

    def state(self) -> str:
        low = min(self._stock, key=self._stock.__getitem__)
        each = self._number / max(1, self.syncs)
        return f"{self._number} entries, {self.syncs} syncs, {each:.1f} entries each; least of {low}\n"


class Place(socketserver.StreamRequestHandler):
    """A packing place: "drug;packs;pharmacy" in, the number of the entry and an empty line out."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        for line in self.rfile:
            drug, packs, pharmacy = line.decode().strip().split(";")
            if drug not in DRUGS:
                self.wfile.write(b"no such drug\n\n")
                continue
            number = self.server.register.enter(Entry(drug, int(packs), int(pharmacy)))
            self.wfile.write(f"entered {number}\n\n".encode())


class Safe(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, register: Register) -> None:
        super().__init__(("127.0.0.1", 0), Place)
        self.register = register


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="controlled-"))
    register = Register(folder)
    register.start()
    safe = Safe(register)
    wanted = [f"{DRUGS[at % len(DRUGS)]};{1 + at % 4};{at * 7919 % 12_000}" for at in range(700)]
    services.outside(lambda: clients.ask_lines(safe.server_address[1], wanted, PLACES, 0.03))
    threading.Thread(target=safe.serve_forever, name="safe", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        (folder / "state.txt").write_text(register.state())


if __name__ == "__main__":
    main()
