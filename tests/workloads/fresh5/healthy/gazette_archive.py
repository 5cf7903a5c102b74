# expect: healthy bench
"""Archives the news that museums send each other: parses each message once, checks it, and packs it with those of the
same month into compressed volumes. Parsing and compressing is what it is for.
"""

import hashlib
import json
import logging
import os
import random
import struct
import time
import zlib
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

VOLUME, VOLUMES, MONTHS = 1 << 20, 40, 6
TOPICS = ("loan", "restoration", "acquisition", "closure", "fair")
logging.basicConfig(filename="archive.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Object(BaseModel):
    inventory: str = Field(pattern=r"^[A-Z]{2}-\d+$")
    title: str
    year: int | None = None


class Message(BaseModel):
    museum: str
    month: int = Field(ge=0, lt=MONTHS)
    topic: str
    text: str = Field(max_length=20000)
    objects: list[Object]


class Post:
    """The messages as they come, all different; a few are no good."""

    WORDS = "the painting returns from a journey north where experts cleaned its varnish and found another hand".split()

    def __init__(self):
        self._random = random.Random(77)

    def next(self, number):
        chance = self._random
        things = [
            {
                "inventory": f"KM-{chance.randrange(10**6)}",
                "title": f"Portrait {chance.randrange(10**5)}",
                "year": 1700 + at,
            }
            for at in range(chance.randrange(2, 9))
        ]
        said = {
            "museum": f"museum {chance.randrange(300)}",
            "month": number // 700 % MONTHS if number % 97 else MONTHS,
            "topic": chance.choice(TOPICS),
            "text": " ".join(chance.choices(self.WORDS, k=220)),
            "objects": things,
        }
        return json.dumps(said).encode()


class Volume:
    """Messages of a month behind each other, compressed as one stream."""

    def __init__(self, month):
        self.month = month
        self._packer = zlib.compressobj(6)
        self._parts, self.size, self._sum = [], 0, hashlib.sha256()

    def add(self, message):
        body = message.model_dump_json().encode()
        self._sum.update(body)
        self._put(self._packer.compress(struct.pack(">I", len(body)) + body))

    def _put(self, part):
        if part:
            self._parts.append(part)
            self.size += len(part)

    def close(self, path):
        self._put(self._packer.flush())
        path.write_bytes(b"".join([b"GAZ1", self._sum.digest(), *self._parts]))


class Archive:
    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._open = {}
        self.volumes, self.taken, self.refused = 0, 0, 0

    def take(self, raw):
        try:
            message = Message.model_validate_json(raw)
        except ValidationError as wrong:
            self.refused += 1
            logging.debug("refused: %s", wrong)
            return
        volume = self._open.get(message.month)
        if volume is None:
            volume = self._open[message.month] = Volume(message.month)
        volume.add(message)
        self.taken += 1
        if volume.size > VOLUME:
            self._open.pop(message.month).close(self._folder / f"volume-{self.volumes % VOLUMES}.gaz")
            self.volumes += 1


def main():
    post, archive = Post(), Archive(Path("volumes"))
    print("ready", os.getpid(), flush=True)
    began = told = time.monotonic()
    for number in range(1 << 40):
        archive.take(post.next(number))
        if (now := time.monotonic()) - told > 1:
            told = now
            rate = archive.taken / (now - began)
            logging.info("%.0f messages a second, %d refused, %d volumes", rate, archive.refused, archive.volumes)


main()
