# expect: pattern=repeated-computation bench
"""Intake of a mistletoe auction: growers send the descriptions of their lots, bidders their commissions, porters what
they weighed. A worker takes the messages from a list in Redis, validates them, and keeps the catalogue.

redis-py and jsonschema.

Measured: 90 messages a second in both; 0.34 cores (4 ms for a message), in the twin 0.04.
"""

import itertools
import json
import os
import sys
import time
from collections import Counter, OrderedDict
from datetime import datetime, timezone

import jsonschema
import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

INBOX = "auction:inbox"
REFUSED = "auction:refused"
MESSAGES_PER_SECOND = 90
KEPT_LOTS = 5000

NAME = {"type": "string", "minLength": 1, "maxLength": 80}
CENTS = {"type": "integer", "minimum": 0, "maximum": 5000000}
GRADES = ["wreath", "bough", "sprig", "mixed"]
HOSTS = ["apple", "lime", "poplar", "hawthorn", "maple", "other"]

LOT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["kind", "lot", "grower", "bundles"],
    "additionalProperties": False,
    "properties": {
        "kind": {"const": "lot"},
        "lot": {"type": "integer", "minimum": 1},
        "grower": {
            "type": "object",
            "required": ["name", "parish"],
            "properties": {
                "name": {"$ref": "#/$defs/name"},
                "parish": {"$ref": "#/$defs/name"},
                "holding": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
            },
        },
        "reserve": {"$ref": "#/$defs/cents"},
        "bundles": {
            "type": "array",
            "minItems": 1,
            "maxItems": 12,
            "items": {
                "type": "object",
                "required": ["grade", "host"],
                "properties": {
                    "grade": {"enum": GRADES},
                    "host": {"enum": HOSTS},
                    "berries": {"type": "integer", "minimum": 0, "maximum": 5},
                    "grams": {"type": "number", "exclusiveMinimum": 0},
                },
            },
        },
    },
    "$defs": {"name": NAME, "cents": CENTS},
}
COMMISSION = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["kind", "bidder", "bids"],
    "properties": {
        "kind": {"const": "commission"},
        "bidder": {"$ref": "#/$defs/name"},
        "bids": {
            "type": "array",
            "minItems": 1,
            "maxItems": 10,
            "items": {
                "type": "object",
                "required": ["lot", "limit"],
                "properties": {
                    "lot": {"type": "integer", "minimum": 1},
                    "limit": {"$ref": "#/$defs/cents"},
                    "or_next": {"type": "boolean"},
                },
            },
        },
        "account": {"oneOf": [{"type": "string", "pattern": "^C[0-9]+$"}, {"type": "null"}]},
    },
    "$defs": {"name": NAME, "cents": CENTS},
}
WEIGHED = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["kind", "lot", "grams", "porter"],
    "properties": {
        "kind": {"const": "weighed"},
        "lot": {"type": "integer", "minimum": 1},
        "grams": {"type": "number", "exclusiveMinimum": 0},
        "porter": {"$ref": "#/$defs/name"},
    },
    "$defs": {"name": NAME},
}


class RefusedError(Exception):
    pass


class Intake:
    """Reads messages, and lets through what is well formed."""

    schemas = {"lot": LOT, "commission": COMMISSION, "weighed": WEIGHED}  # noqa: RUF012

    def __init__(self):
        self.seen = Counter()

    def read(self, raw):
        try:
            message = json.loads(raw)
            schema = self.schemas[message["kind"]]
        except (ValueError, KeyError, TypeError) as error:
            raise RefusedError(f"unreadable: {error!r}") from error
        try:
            jsonschema.validate(message, schema)  # <- cost
        except jsonschema.ValidationError as error:
            raise RefusedError(f"{error.json_path}: {error.message}") from error
        self.seen[message["kind"]] += 1
        return message


class Catalogue:
    """The lots of the day; the oldest make room."""

    def __init__(self):
        self.lots = OrderedDict()
        self.orphans = 0

    def lot(self, message):
        bundles = message["bundles"]
        hosts = Counter(bundle["host"] for bundle in bundles)
        self.lots[message["lot"]] = {
            "grower": message["grower"]["name"],
            "reserve": message.get("reserve", 0),
            "grams": sum(bundle.get("grams", 0) for bundle in bundles),
            "host": hosts.most_common(1)[0][0],
            "best": None,
        }
        if len(self.lots) > KEPT_LOTS:
            self.lots.popitem(last=False)

    def commission(self, message):
        for bid in message["bids"]:
            lot = self.lots.get(bid["lot"])
            if lot is None:
                self.orphans += 1
            elif bid["limit"] >= lot["reserve"] and (lot["best"] is None or bid["limit"] > lot["best"][0]):
                lot["best"] = (bid["limit"], message["bidder"])

    def weighed(self, message):
        lot = self.lots.get(message["lot"])
        if lot is None:
            self.orphans += 1
        else:
            lot["grams"] = message["grams"]

    def apply(self, message):
        {"lot": self.lot, "commission": self.commission, "weighed": self.weighed}[message["kind"]](message)


class Worker:
    def __init__(self, port):
        self.redis = redis.Redis(port=port)
        self.intake = Intake()
        self.catalogue = Catalogue()
        self.handled = 0

    def handle(self, raw):
        try:
            self.catalogue.apply(self.intake.read(raw))
        except RefusedError as error:
            told = {"why": str(error), "at": datetime.now(timezone.utc).isoformat(), "message": raw.decode()[:500]}
            with self.redis.pipeline(transaction=False) as pipeline:
                pipeline.lpush(REFUSED, json.dumps(told)).ltrim(REFUSED, 0, 200).execute()
        self.handled += 1

    def work(self, until=None):
        while until is None or time.monotonic() < until:
            taken = self.redis.blpop(INBOX, timeout=1)
            if taken:
                self.handle(taken[1])


def senders(port):
    sending = redis.Redis(port=port)
    due = time.monotonic()
    for number in itertools.count(1):
        grower = {"name": f"grower {number % 70}", "parish": "Tenbury", "holding": f"WR-{1000 + number % 900}"}
        bundles = [
            {"grade": GRADES[n % 4], "host": HOSTS[(n + number) % 6], "berries": n % 6, "grams": 900.5}
            for n in range(3)
        ]
        lot = number // 3 + 1
        message = (
            {"kind": "lot", "lot": lot, "grower": grower, "reserve": 300 + number % 50 * 10, "bundles": bundles},
            {
                "kind": "commission",
                "bidder": f"florist {number % 40}",
                "bids": [{"lot": max(1, lot - n), "limit": 400 + number % 900} for n in range(2)],
                "account": f"C{number % 40}",
            },
            {"kind": "weighed", "lot": lot, "grams": 2500 + number % 100 if number % 50 else -1, "porter": "Ann"},
        )[number % 3]
        sending.rpush(INBOX, json.dumps(message))
        due = max(due + 1 / MESSAGES_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    port = services.redis()
    services.outside(lambda: senders(port))
    worker = Worker(port)
    worker.work(time.monotonic() + 3)
    print(f"ready {os.getpid()}", flush=True)
    worker.work()


if __name__ == "__main__":
    main()
