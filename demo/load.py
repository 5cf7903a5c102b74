"""Customers of the bookshop: ``python load.py PORT [CUSTOMERS]``. Each asks for page after page on one connection.

Prints the requests answered in each second, one JSON line a second, until it is stopped.
"""

import http.client
import json
import random
import sys
import threading
import time


def next_page(chance: random.Random) -> str:
    """Mostly browsing and searching, some quotes, now and then a report."""
    kind = chance.random()
    if kind < 0.40:
        return f"/search?subject=subject-{chance.randrange(24)}"
    if kind < 0.65:
        return f"/book/{chance.randrange(2400)}"
    if kind < 0.85:
        books = ",".join(str(chance.randrange(2400)) for _ in range(25))
        return f"/quote?books={books}&shop={chance.randrange(12)}&group=school&currency={chance.randrange(420):03}"
    return "/report"


def customer(port: int, seed: int, answered: list[int]) -> None:
    chance = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        connection.request("GET", next_page(chance))
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the shop answered {answer.status}")
        answered[seed] += 1


def main() -> None:
    port, customers = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2
    answered = [0] * customers
    for seed in range(customers):
        threading.Thread(target=customer, args=(port, seed, answered), daemon=True).start()
    before, mark = 0, time.monotonic()
    while True:
        time.sleep(1)
        now, total = time.monotonic(), sum(answered)
        print(json.dumps({"requests_per_second": round((total - before) / (now - mark), 1)}), flush=True)
        before, mark = total, now


if __name__ == "__main__":
    main()
