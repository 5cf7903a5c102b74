# expect: healthy bench
"""A producer of blocks and two consumers that compress them, with a queue of a hundred between."""

import os
import queue
import threading
import zlib

blocks = queue.Queue(100)
packed = [0]


def produce():
    number = 0
    while True:
        number += 1
        blocks.put(b"%d;" % number * 40_000)


def consume():
    while True:
        packed[0] += len(zlib.compress(blocks.get(), 6))  # (other threads run meanwhile)


if __name__ == "__main__":
    threading.Thread(target=consume, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    threading.Thread(target=produce, daemon=True).start()
    consume()
