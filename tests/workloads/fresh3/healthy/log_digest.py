# expect: healthy bench
"""A batch over the access logs of many machines: two processes that stay, each takes a whole log, and sends back its
sums. It begins anew when it is done, with the logs of the next day."""

import collections
import heapq
import logging
import multiprocessing
import os
import re
import signal

MACHINES, LINES = 24, 6000
LINE = re.compile(r'(\S+) \S+ \S+ "(\w+) (\S+)" (\d{3}) (\d+) (\d+)')
logging.basicConfig(filename="digest.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def lines(day, machine):
    for number in range(LINES):
        mixed = (day * 7919 + machine * 104729 + number * 31) % 1000003
        status = 500 if mixed % 97 == 0 else 200
        yield f'10.0.{mixed % 250}.{mixed % 99} - - "GET /page/{mixed % 400}" {status} {mixed % 9000} {mixed % 700}'


class Digest:
    """What one log comes to."""

    def __init__(self):
        self.hits, self.bytes, self.failed = collections.Counter(), 0, 0
        self.slowest = []

    def read(self, log):
        for line in log:
            found = LINE.match(line)
            if not found:
                continue
            _, _, page, status, size, took = found.groups()
            self.hits[page] += 1
            self.bytes += int(size)
            self.failed += status >= "500"
            self._remember(int(took), page)
        return self

    def _remember(self, took, page):
        if len(self.slowest) < 20:
            heapq.heappush(self.slowest, (took, page))
        elif took > self.slowest[0][0]:
            heapq.heapreplace(self.slowest, (took, page))

    def add(self, other):
        self.hits.update(other.hits)
        self.bytes += other.bytes
        self.failed += other.failed
        self.slowest = heapq.nlargest(20, self.slowest + other.slowest)


def digest(task):
    return Digest().read(lines(*task))


def main():
    done = 0
    with multiprocessing.Pool(2, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        print("ready", os.getpid(), flush=True)
        for day in range(1 << 40):
            whole = Digest()
            for part in pool.imap_unordered(digest, [(day, machine) for machine in range(MACHINES)]):
                whole.add(part)
                done += LINES
            best = whole.hits.most_common(1)[0]
            logging.info(
                "%d lines, day %d: %d failed, best %s, %d MB", done, day, whole.failed, best, whole.bytes >> 20
            )


if __name__ == "__main__":
    main()
