"""An ordinary Python program: parses, sorts and writes records, and keeps few; counted in the file argv[1]."""

import json
import mmap
import os
import sys

counter = memoryview(mmap.mmap(os.open(sys.argv[1], os.O_RDWR), 8)).cast("Q")
text = json.dumps([{"id": i, "name": f"record {i}", "tags": ["a", "b", str(i)], "body": "x" * i} for i in range(200)])


def work() -> None:
    records = json.loads(text)
    records.sort(key=lambda record: record["name"])
    json.dumps([record for record in records if len(record["body"]) % 2])


print("ready", os.getpid(), flush=True)
while True:
    work()
    counter[0] += 1
