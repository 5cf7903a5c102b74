# expect: pattern=repeated-computation bench
"""Assays of ambergris: beachcombers' clubs send what they found on the shore (photographs measured, a hot needle
test, a sketch of the layers), and this worker takes each find from the queue, checks that the report is complete,
grades the lump, and keeps the totals of the coast up to date.

A consumer of a Redis stream; reports are checked against a JSON schema.

Measured: 54 finds a second, 0.47 cores, nearly all of it to check the schema itself; the twin 0.03 cores.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import jsonschema
from redis import Redis
from redis.exceptions import RedisError, ResponseError

import services

STREAM, GROUP, REFUSED = "finds", "assayers", "finds:refused"
FINDS_A_SECOND = 54
COASTS = ("Kaikoura", "Chatham", "Dingle", "Mahe", "Socotra", "Wrangel")

POINT = {
    "type": "object",
    "properties": {
        "lat": {"type": "number", "minimum": -90, "maximum": 90},
        "lon": {"type": "number", "minimum": -180, "maximum": 180},
        "above_tide_m": {"type": "number", "minimum": 0},
    },
    "required": ["lat", "lon"],
    "additionalProperties": False,
}
NEEDLE = {
    "type": "object",
    "properties": {
        "melts": {"type": "boolean"},
        "smoke": {"enum": ["none", "white", "black"]},
        "smell": {"type": "array", "items": {"enum": ["marine", "dung", "tobacco", "vanilla", "wax", "tar"]}},
        "residue": {"enum": ["tacky", "oily", "brittle"]},
    },
    "required": ["melts", "smoke", "residue"],
    "additionalProperties": False,
}
LAYER = {
    "type": "object",
    "properties": {
        "depth_mm": {"type": "number", "exclusiveMinimum": 0},
        "colour": {"enum": ["black", "brown", "grey", "silver", "white"]},
        "beaks": {"type": "integer", "minimum": 0},
    },
    "required": ["depth_mm", "colour"],
    "additionalProperties": False,
}
FIND = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"point": POINT, "needle": NEEDLE, "layer": LAYER},
    "type": "object",
    "properties": {
        "club": {"type": "string", "minLength": 2, "maxLength": 40},
        "finder": {"type": "string", "pattern": "^[a-z]+-[0-9]+$"},
        "coast": {"enum": list(COASTS)},
        "place": {"$ref": "#/$defs/point"},
        "grams": {"type": "number", "exclusiveMinimum": 0},
        "longest_mm": {"type": "number", "exclusiveMinimum": 0},
        "floats": {"type": "boolean"},
        "needle": {"$ref": "#/$defs/needle"},
        "layers": {"type": "array", "items": {"$ref": "#/$defs/layer"}, "maxItems": 12},
        "remarks": {"type": "string", "maxLength": 500},
    },
    "required": ["club", "finder", "coast", "place", "grams", "floats", "needle", "layers"],
    "additionalProperties": False,
}


class Refused(Exception):
    """A report that does not hold what the assay needs."""


@dataclass(frozen=True)
class Assay:
    coast: str
    grade: str
    grams: float
    doubtful: bool


class ReportReader:
    """Makes a report of the bytes that a club sent."""

    def __init__(self, schema: dict):
        self.schema = schema

    def read(self, raw: bytes) -> dict:
        try:
            report = json.loads(raw)
            jsonschema.validate(report, self.schema)  # <- cost
        except ValueError as error:
            raise Refused(f"not JSON: {error}") from error
        except jsonschema.ValidationError as error:
            raise Refused(f"{error.json_path}: {error.message[:80]}") from error
        return report


class Assayer:
    COLOUR = {"black": 0.0, "brown": 0.2, "grey": 0.6, "silver": 0.9, "white": 1.0}
    SMELL = {"marine": 0.2, "tobacco": 0.3, "vanilla": 0.3, "dung": 0.1, "wax": -0.4, "tar": -0.6}

    def age(self, layers: list[dict]) -> float:
        """Older ambergris is paler, and the outer layers tell most."""
        weight = total = 0.0
        for at, layer in enumerate(layers):
            share = layer["depth_mm"] / (1 + at)
            weight += share
            total += share * self.COLOUR[layer["colour"]]
        return total / weight if weight else 0.0

    def likeness(self, report: dict) -> float:
        needle = report["needle"]
        score = 0.3 * needle["melts"] + 0.2 * report["floats"] + 0.2 * (needle["residue"] == "tacky")
        score += sum(self.SMELL[smell] for smell in needle.get("smell", ()))
        return score + 0.05 * min(4, sum(layer.get("beaks", 0) for layer in report["layers"]))

    def assay(self, report: dict) -> Assay:
        likeness, age = self.likeness(report), self.age(report["layers"])
        if likeness < 0.4:
            return Assay(report["coast"], "no ambergris", report["grams"], likeness > 0.3)
        grade = "white" if age > 0.75 else "silver" if age > 0.5 else "brown" if age > 0.2 else "black"
        return Assay(report["coast"], grade, report["grams"], likeness < 0.5)


class Worker:
    def __init__(self, redis: Redis, reader: ReportReader, assayer: Assayer):
        self.redis, self.reader, self.assayer = redis, reader, assayer
        self.seen: Counter[str] = Counter()
        self.stopping = False

    def stop(self, *_) -> None:
        self.stopping = True

    def join_group(self) -> None:
        try:
            self.redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def run(self) -> None:
        self.join_group()
        while not self.stopping:
            try:
                answer = self.redis.xreadgroup(GROUP, f"w{os.getpid()}", {STREAM: ">"}, count=64, block=1000)
                for _, finds in answer or ():
                    self.take(finds)
            except RedisError as error:
                print(f"the queue is away: {error}", file=sys.stderr)
                time.sleep(1)

    def take(self, finds: list) -> None:
        """Assay what came, then write the totals and acknowledge all of it in one go."""
        grams: dict[str, float] = defaultdict(float)
        refused = []
        for number, fields in finds:
            try:
                assay = self.assayer.assay(self.reader.read(fields[b"report"]))
            except Refused as error:
                refused.append({"find": number, "why": str(error)})
                continue
            grams[f"{assay.coast}:{assay.grade}"] += assay.grams
            self.seen["doubtful" if assay.doubtful else "sure"] += 1
        with self.redis.pipeline(transaction=False) as pipe:
            for key, sum_of in grams.items():
                pipe.hincrbyfloat("grams", key, round(sum_of, 1))
            for entry in refused:
                pipe.xadd(REFUSED, entry, maxlen=500)
            pipe.xack(STREAM, GROUP, *(number for number, _ in finds))
            pipe.execute()


def find(number: int) -> bytes:
    pick = random.Random(number)
    smell = pick.sample(["marine", "dung", "tobacco", "vanilla", "wax", "tar"], pick.randint(0, 3))
    layers = [
        {"depth_mm": 2 + pick.random() * 20, "colour": pick.choice(list(Assayer.COLOUR)), "beaks": pick.randint(0, 3)}
        for _ in range(pick.randint(1, 6))
    ]
    report = {
        "club": f"Strand club {number % 23}",
        "finder": f"finder-{number % 400}" if number % 40 else "?",
        "coast": pick.choice(COASTS),
        "place": {"lat": -42 + pick.random(), "lon": 173 + pick.random()},
        "grams": 3 + pick.random() * 900,
        "floats": pick.random() < 0.7,
        "needle": {"melts": pick.random() < 0.8, "smoke": "white", "smell": smell, "residue": "tacky"},
        "layers": layers,
    }
    return json.dumps(report).encode()


def beachcombers(port: int) -> None:
    redis, finds = Redis(port=port), [find(number) for number in range(500)]
    due = time.monotonic()
    while True:
        with redis.pipeline(transaction=False) as pipe:
            for _ in range(9):
                pipe.xadd(STREAM, {"report": random.choice(finds)}, maxlen=2000)
            pipe.execute()
        due += 9 / FINDS_A_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    port = services.redis()
    worker = Worker(Redis(port=port), ReportReader(FIND), Assayer())
    signal.signal(signal.SIGTERM, worker.stop)
    worker.join_group()
    services.outside(lambda: beachcombers(port))
    print(f"ready {os.getpid()}", flush=True)
    worker.run()


if __name__ == "__main__":
    main()
