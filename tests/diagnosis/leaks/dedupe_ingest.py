import csv
import gzip
import hashlib
import io
from collections import Counter


class Deduper:
    def __init__(self, store):
        self.store = store
        self.known = store.load_recent_digests()  # <- cost

    def is_new(self, record):
        digest = fingerprint(record)
        if digest in self.known:
            return False
        self.known.add(digest)  # <- cost
        return True


def fingerprint(record):
    h = hashlib.sha256()
    for name in sorted(record):
        h.update(name.encode())
        h.update(b"\0")
        h.update(str(record[name]).encode())
    return h.hexdigest()  # <- made 100


def normalize(row):
    out = {}
    for key, value in row.items():
        key = key.strip().lower().replace(" ", "_")
        value = value.strip()
        if value:
            out[key] = value
    return out


class Ingest:
    batch_size = 1000

    def __init__(self, store, sink):
        self.deduper = Deduper(store)
        self.sink = sink
        self.batch = []
        self.rejects = Counter()

    def run(self, blobs):
        for blob in blobs:
            self._file(blob)
        self._flush()

    def _file(self, blob):
        text = gzip.decompress(blob).decode("utf-8", "replace")
        columns = set()
        for row in csv.DictReader(io.StringIO(text)):
            record = normalize(row)
            columns.update(record)
            if "id" not in record:
                self.rejects["no_id"] += 1
                continue
            if not self.deduper.is_new(record):
                self.rejects["duplicate"] += 1
                continue
            self.batch.append(record)
            if len(self.batch) >= self.batch_size:
                self._flush()
        self.sink.declare(sorted(columns))

    def _flush(self):
        if self.batch:
            self.sink.write(self.batch)
            self.batch = []
