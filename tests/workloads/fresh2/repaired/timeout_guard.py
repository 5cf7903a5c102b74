# expect: healthy bench
"""Runs the small jobs of a scheduler, in four workers; a job that takes longer than a minute is given up."""

import hashlib
import heapq
import itertools
import json
import logging
import os
import queue
import threading
import time

RATE, PATIENCE = 1600, 60
logging.basicConfig(filename="jobs.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Job:
    def __init__(self, number):
        self.number, self.given_up = number, False
        self.letter = {"to": f"customer{number % 977}@example.org", "articles": [number % 7, number % 11]}

    def give_up(self):
        self.given_up = True

    def run(self):
        body = json.dumps(self.letter)
        for _ in range(4):
            if self.given_up:
                return None
            body = hashlib.sha256(body.encode()).hexdigest()
        return body


class Guard:
    """Gives a job up when its time is over."""

    watched = []
    lock = threading.Lock()

    def __init__(self, job):
        self._job = job

    def __enter__(self):
        with Guard.lock:
            heapq.heappush(Guard.watched, (time.monotonic() + PATIENCE, self._job.number, self))

    def __exit__(self, *_):
        self._job = None

    @staticmethod
    def watch():
        while True:
            time.sleep(1)
            with Guard.lock:
                while Guard.watched and (Guard.watched[0][0] < time.monotonic() or Guard.watched[0][2]._job is None):
                    guard = heapq.heappop(Guard.watched)[2]
                    if guard._job:
                        guard._job.give_up()


def work(waiting, done):
    while True:
        job = waiting.get()
        with Guard(job):
            job.run()
        done.append(job.number)


def main():
    waiting, done = queue.Queue(200), []
    for number in range(4):
        threading.Thread(target=work, args=(waiting, done), name=f"worker {number}", daemon=True).start()
    threading.Thread(target=Guard.watch, name="guard", daemon=True).start()
    print("ready", os.getpid(), flush=True)
    count, began = 0, time.monotonic()
    told = began
    for number in itertools.count():
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        waiting.put(Job(number))
        if time.monotonic() - told > 1:
            told = time.monotonic()
            count, done[:] = count + len(done), []
            spent = time.process_time()
            logging.info("%d jobs, %.3f ms of a core each", count, 1000 * spent / max(1, count))


main()
