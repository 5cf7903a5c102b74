"""Stall detection on conveyor belts: compares each reading with the
median of everything seen on that belt in the current shift."""
from collections import defaultdict


class BeltMonitor:
    def __init__(self, tolerance=0.25):
        self.tolerance = tolerance
        self.readings = defaultdict(list)
        self.alerts = []

    def baseline(self, belt):
        ordered = sorted(self.readings[belt])  # <- cost hot 92
        n = len(ordered)
        if n == 0:
            return None
        mid = n // 2
        if n % 2:
            return ordered[mid]
        return (ordered[mid - 1] + ordered[mid]) / 2.0

    def feed(self, belt, timestamp, speed):
        base = self.baseline(belt)
        if base and abs(speed - base) > base * self.tolerance:
            self.alerts.append((belt, timestamp, speed, base))
        self.readings[belt].append(speed)

    def end_shift(self):
        done, self.alerts = self.alerts, []
        self.readings.clear()
        return done


def replay(monitor, rows):
    for belt, timestamp, speed in rows:
        monitor.feed(belt, timestamp, float(speed))
    return monitor.end_shift()
