# expect: healthy bench
"""Four workers compress reports and hand them to one archive."""

import os
import threading
import zlib

archive = {}
lock = threading.Lock()
report = b"".join(b"%d;%d\n" % (number, number * number % 8191) for number in range(12_000))


def work(worker):
    number = 0
    while True:
        number += 1
        packed = zlib.compress(report, 6)
        with lock:
            archive[worker, number % 10] = packed


for worker in range(1):  # with the main thread as many as the smallest machine has cores
    threading.Thread(target=work, args=(worker,), daemon=True).start()
print("ready", os.getpid(), flush=True)
work(9)
