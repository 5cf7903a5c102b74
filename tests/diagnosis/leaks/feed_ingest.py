import gzip
import json
import sys
import time
from itertools import islice

BATCH = 500
REQUIRED = ("sku", "merchant", "price", "currency")


class Rejected(Exception):
    pass


def normalise(raw):
    for field in REQUIRED:
        if field not in raw:
            raise Rejected("missing " + field)
    return {
        "sku": raw["sku"].strip().upper(),
        "merchant": raw["merchant"].lower(),
        "price": round(float(raw["price"]), 2),
        "currency": raw["currency"],
        "title": " ".join(raw.get("title", "").split()),
        "updated": raw.get("updated", 0),
    }


def fingerprint(offer):
    parts = [offer["merchant"], offer["sku"], str(offer["price"]), offer["currency"], str(offer["updated"])]
    return "|".join(parts)  # <- made 70


def batches(rows, size=BATCH):
    it = iter(rows)
    while True:
        chunk = list(islice(it, size))
        if not chunk:
            return
        yield chunk


class Ingest:
    def __init__(self, db, consumer):
        self.db = db
        self.consumer = consumer
        self.already = set()  # <- cost
        self.reasons = {}
        self.merchants = {row["code"]: row["id"] for row in db.merchants()}

    def lines(self, message):
        data = gzip.decompress(message.value) if message.gzipped else message.value
        for line in data.splitlines():
            if line:
                yield json.loads(line)

    def accept(self, raw_rows):
        fresh = []
        for raw in raw_rows:
            try:
                offer = normalise(raw)
            except Rejected as why:
                self.reasons[str(why)] = self.reasons.get(str(why), 0) + 1
                continue
            mark = fingerprint(offer)
            if mark in self.already:
                continue
            self.already.add(mark)  # <- cost  # <- made 30
            offer["merchant_id"] = self.merchants.get(offer["merchant"])
            fresh.append(offer)
        return fresh

    def run(self):
        for message in self.consumer:
            started = time.monotonic()
            stored = 0
            for chunk in batches(self.lines(message)):
                fresh = self.accept(chunk)
                if fresh:
                    self.db.upsert_offers(fresh)
                    stored += len(fresh)
            self.consumer.commit(message.offset)
            if self.reasons:
                print("rejected", self.reasons, file=sys.stderr)
                self.reasons.clear()
            print(f"offset {message.offset}: {stored} offers in {time.monotonic() - started:.2f}s")
