# expect: healthy
"""A nightly import drops addresses that it has seen before."""

import os
import random

chance = random.Random(1)


def rows(count):
    for _ in range(count):
        number = chance.randrange(count)
        yield {"email": f"customer-{number}@example.org", "city": number % 97, "spent": number * 3 % 1009}


def import_batch(count):
    known = set()
    spent = 0
    for row in rows(count):
        if row["email"] not in known:
            known.add(row["email"])
            spent += row["spent"]
    return len(known), spent


print("ready", os.getpid(), flush=True)
while True:
    import_batch(6000)
