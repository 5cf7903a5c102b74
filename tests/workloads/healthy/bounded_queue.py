# expect: healthy bench
"""A producer that reads lines and two consumers that parse them, with a queue of a hundred between."""

import os
import queue
import threading

with open("lines", "w") as file:
    file.writelines(f"{number};name of {number};{number % 97}\n" for number in range(20_000))
lines = queue.Queue(100)
totals = {}


def produce():
    while True:
        with open("lines") as file:
            batch = []
            for line in file:
                batch.append(line)
                if len(batch) == 200:
                    lines.put(batch)
                    batch = []


def consume():
    while True:
        for line in lines.get():
            number, name, group = line.split(";")
            totals[group] = totals.get(group, 0) + int(number) + len(name)


if __name__ == "__main__":
    threading.Thread(target=consume, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    threading.Thread(target=produce, daemon=True).start()
    consume()
