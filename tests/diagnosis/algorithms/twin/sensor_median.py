"""Stall detection on conveyor belts: compares each reading with the
median of everything seen on that belt in the current shift."""
import heapq
from collections import defaultdict


class RunningMedian:
    def __init__(self):
        self.low = []
        self.high = []

    def add(self, value):
        heapq.heappush(self.high, -heapq.heappushpop(self.low, -value))  # <- hot 38
        if len(self.high) > len(self.low):
            heapq.heappush(self.low, -heapq.heappop(self.high))  # <- hot 17

    def value(self):
        if not self.low:
            return None
        if len(self.low) > len(self.high):
            return -self.low[0]
        return (self.high[0] - self.low[0]) / 2.0


class BeltMonitor:
    def __init__(self, tolerance=0.25):
        self.tolerance = tolerance
        self.medians = defaultdict(RunningMedian)
        self.alerts = []

    def feed(self, belt, timestamp, speed):
        median = self.medians[belt]
        base = median.value()
        if base and abs(speed - base) > base * self.tolerance:  # <- hot 12
            self.alerts.append((belt, timestamp, speed, base))
        median.add(speed)

    def end_shift(self):
        done, self.alerts = self.alerts, []
        self.medians.clear()
        return done


def replay(monitor, rows):
    for belt, timestamp, speed in rows:
        monitor.feed(belt, timestamp, float(speed))  # <- hot 13
    return monitor.end_shift()
