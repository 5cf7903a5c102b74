# expect: pattern=busy-wait
"""One thread compresses a document, another waits for it to be done and counts it."""

import os
import threading
import zlib

document = os.urandom(40_000) * 200


class Press:
    def __init__(self):
        self.done = 0

    def compress(self):
        while True:
            zlib.compress(document, 6)
            self.done += 1

    def wait_for(self, number):
        while self.done < number:  # <- cost
            pass  # <- cost


press = Press()
threading.Thread(target=press.compress, daemon=True).start()
print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    press.wait_for(number)
