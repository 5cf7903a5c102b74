# expect: healthy bench
"""Makes a report from many records, each half second anew: memory goes up and down."""

import os
import time

print("ready", os.getpid(), flush=True)
while True:
    records = [{"number": number, "text": f"record {number}"} for number in range(60_000)]
    total = sum(len(record["text"]) for record in records)
    time.sleep(0.15)
    del records
    time.sleep(0.25)
