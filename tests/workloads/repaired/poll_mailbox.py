# expect: healthy bench
"""A worker looks into its mailbox for work, which comes ten times a second."""

import os
import queue
import threading
import time

mailbox = queue.Queue()


def bring_work():
    pause = threading.Event()
    while True:
        pause.wait(0.1)
        mailbox.put(b"some work" * 1000)


def next_letter():
    return mailbox.get()


threading.Thread(target=bring_work, daemon=True).start()
print("ready", os.getpid(), flush=True)
while True:
    sum(next_letter())
