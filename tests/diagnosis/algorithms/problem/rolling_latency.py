"""Streams request latencies and emits a rolling median for the SLO alarm."""
import sys
from collections import deque


class RollingMedian:
    def __init__(self, size):
        self.size = size
        self.window = deque(maxlen=size)

    def push(self, value):
        self.window.append(value)

    @property
    def value(self):
        ordered = sorted(self.window)  # <- cost hot 94
        mid = len(ordered) // 2
        if len(ordered) % 2:
            return ordered[mid]
        return (ordered[mid - 1] + ordered[mid]) / 2


def parse(line):
    stamp, _, rest = line.partition(" ")
    path, _, millis = rest.rpartition(" ")
    return stamp, path, float(millis)


def watch(lines, size=20000, threshold=250.0):
    median = RollingMedian(size)
    alarmed = False
    for line in lines:
        stamp, path, millis = parse(line)
        median.push(millis)
        current = median.value
        if current > threshold and not alarmed:
            alarmed = True
            yield stamp, "FIRING", current
        elif current < threshold * 0.9 and alarmed:
            alarmed = False
            yield stamp, "RESOLVED", current


if __name__ == "__main__":
    for stamp, state, current in watch(sys.stdin):
        print(f"{stamp} {state} median={current:.1f}ms")
