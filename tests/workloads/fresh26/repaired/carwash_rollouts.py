# expect: healthy bench
"""Deploy agent of a chain of car washes.

Releases for the wash-bay controllers (brush programs, price tables, spoken prompts) arrive in the inbox. The agent checks
each release against its manifest, puts it into the bay's slot and keeps the last few for a rollback. Here a publisher
thread drops a release twice a second, as on the evening of a roll-out to all bays.

Measured: CPU 0.11 to 0.13 cores with the processes that it starts, twin 0.01; a release takes 81 to 159 ms in the
median, twin 2 to 3 ms.
"""

import hashlib
import json
import logging
import os
import queue
import random
import shutil
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path

INBOX = Path("inbox")
SLOTS = Path("slots")
KEPT_PER_BAY = 2
BAYS = [f"bay-{number:02d}" for number in range(1, 9)]
PARTS = ("brush", "foam", "rinse", "dryer", "prices", "prompts", "lamps", "gate")

log = logging.getLogger("agent")


@dataclass
class Release:
    bay: str
    version: str
    folder: Path
    files: dict[str, str]

    @classmethod
    def load(cls, folder: Path) -> "Release":
        manifest = json.loads((folder / "manifest.json").read_text())
        return cls(manifest["bay"], manifest["version"], folder, manifest["files"])


@dataclass
class Report:
    installed: int = 0
    refused: int = 0
    seconds: deque = field(default_factory=lambda: deque(maxlen=200))

    def median(self) -> float:
        ordered = sorted(self.seconds)
        return ordered[len(ordered) // 2] if ordered else 0.0


class Refused(Exception):
    pass


def checksum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(release: Release) -> None:
    present = {entry.name for entry in os.scandir(release.folder)} - {"manifest.json"}
    missing = release.files.keys() - present
    if missing:
        raise Refused(f"{len(missing)} files are missing, {min(missing)} for one")
    surplus = present - release.files.keys()
    if surplus:
        raise Refused(f"{len(surplus)} files are not in the manifest, {min(surplus)} for one")
    for name, expected in release.files.items():
        if checksum(release.folder / name) != expected:
            raise Refused(f"{name} is damaged")


class Agent:
    def __init__(self, arrivals: queue.Queue):
        self.arrivals = arrivals
        self.slots: dict[str, deque[Path]] = defaultdict(deque)
        self.report = Report()

    def install(self, release: Release) -> None:
        target = SLOTS / release.bay / release.version
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(release.folder, target)
        current = SLOTS / release.bay / "current.new"
        current.symlink_to(release.version)
        os.replace(current, SLOTS / release.bay / "current")
        kept = self.slots[release.bay]
        kept.append(target)
        while len(kept) > KEPT_PER_BAY:
            shutil.rmtree(kept.popleft())

    def take(self, folder: Path) -> None:
        begun = time.perf_counter()
        release = Release.load(folder)
        try:
            verify(release)
        except Refused as why:
            log.warning("%s of %s refused: %s", release.version, release.bay, why)
            self.report.refused += 1
            shutil.rmtree(folder)
            return
        self.install(release)
        self.report.installed += 1
        self.report.seconds.append(time.perf_counter() - begun)

    def run(self) -> None:
        while True:
            self.take(self.arrivals.get())
            if self.report.installed % 10 == 0:
                log.info(
                    "%d installed, %d refused, %.1f ms in the median",
                    self.report.installed,
                    self.report.refused,
                    self.report.median() * 1000,
                )


class Publisher:
    """What the download would bring: releases put together from parts that were built before."""

    def __init__(self, arrivals: queue.Queue, files_per_release: int = 40, every: float = 0.5):
        self.arrivals = arrivals
        self.files_per_release = files_per_release
        self.every = every
        self.parts = self.build()

    def build(self, number: int = 96) -> list[tuple[Path, str]]:
        folder = Path("parts")
        folder.mkdir()
        parts = []
        for at in range(number):
            body = random.randbytes(random.randint(4_000, 16_000))
            path = folder / f"{at:04d}"
            path.write_bytes(body)
            parts.append((path, hashlib.sha256(body).hexdigest()))
        return parts

    def drop(self, number: int) -> None:
        bay = BAYS[number % len(BAYS)]
        version = f"4.{number // len(BAYS)}.{number}"
        folder = INBOX / f"{bay}-{version}"
        folder.mkdir(parents=True)
        files = {}
        for at in range(self.files_per_release):
            part, digest = random.choice(self.parts)
            name = f"{PARTS[at % len(PARTS)]}-{at:02d}.bin"
            os.link(part, folder / name)
            files[name] = digest
        (folder / "manifest.json").write_text(json.dumps({"bay": bay, "version": version, "files": files}))
        self.arrivals.put(folder)

    def run(self) -> None:
        due = time.monotonic()
        for number in range(1 << 40):
            self.drop(number)
            due += self.every
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    logging.basicConfig(filename="agent.log", level=logging.INFO, format="%(asctime)s %(message)s")
    for folder in (INBOX, SLOTS):
        folder.mkdir(exist_ok=True)
    arrivals: queue.Queue = queue.Queue(maxsize=20)
    publisher = Publisher(arrivals)
    threading.Thread(target=publisher.run, name="publisher", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    Agent(arrivals).run()


if __name__ == "__main__":
    main()
