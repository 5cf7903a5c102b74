# expect: healthy bench
"""One thread compresses a document, another waits for it to be done and counts it."""

import os
import threading
import zlib

document = os.urandom(40_000) * 200


class Press:
    def __init__(self):
        self.done = 0
        self.changed = threading.Condition()

    def compress(self):
        while True:
            zlib.compress(document, 6)
            with self.changed:
                self.done += 1
                self.changed.notify_all()

    def wait_for(self, number):
        with self.changed:
            while self.done < number:
                self.changed.wait()


press = Press()
threading.Thread(target=press.compress, daemon=True).start()
print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    press.wait_for(number)
