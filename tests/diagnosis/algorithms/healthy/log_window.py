"""Flags client addresses that exceed a request budget in a sliding window."""
import re
from collections import Counter, deque
from datetime import datetime

LINE = re.compile(r'^(\S+) \S+ \S+ \[([^\]]+)\] "(\w+) (\S+)')
STATIC = (".css", ".js", ".png", ".ico", ".svg")


def parse(lines):
    for line in lines:
        m = LINE.match(line)  # <- hot 29
        if not m:
            continue
        ip, stamp, method, path = m.groups()
        if method == "GET" and any(path.endswith(s) for s in STATIC):  # <- hot 13
            continue
        yield datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S %z").timestamp(), ip  # <- hot 37


class Window:
    def __init__(self, seconds, budget):
        self.seconds = seconds
        self.budget = budget
        self.recent = deque()
        self.counts = Counter()

    def hit(self, at, ip):
        while self.recent and self.recent[0][0] <= at - self.seconds:
            _, old = self.recent.popleft()
            self.counts[old] -= 1
            if not self.counts[old]:
                del self.counts[old]
        self.recent.append((at, ip))
        self.counts[ip] += 1
        return self.counts[ip] > self.budget


def offenders(lines, seconds=60, budget=120):
    window = Window(seconds, budget)
    return {ip for at, ip in parse(lines) if window.hit(at, ip)}
